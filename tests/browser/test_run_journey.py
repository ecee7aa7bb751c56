"""One run from the first click to its end, seen by two people, through a stop and a SIGKILL."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
PATIENCE = 60_000
ROWS = 11  # of the short table

Enter = Callable[..., Page]


class House:
    """An installation whose workers a test can hold at named places."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o777)
        self.stack = Stack(env={"FORECASTLAB_BARRIERS": str(folder)})

    def arm(self, place: str) -> None:
        (self.folder / f"{place}.arm").touch()

    def held_at(self, place: str) -> int:
        """Wait until a worker stands at the place, and return its process id."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            for mark in self.folder.glob(f"{place}.*"):
                if mark.suffix != ".arm":
                    return int(mark.suffix[1:])
            time.sleep(0.05)
        raise AssertionError(f"nobody came to '{place}'")

    def release(self, place: str) -> None:
        for mark in self.folder.glob(f"{place}.*"):
            mark.unlink()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("barriers"))
    with made.stack:
        made.stack.wait_for_jobs()  # those of its start would stand at the barriers too
        yield made


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Enter]:
    """Give pages of people who have signed in: `enter("planner", viewport=PHONE)`."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(username: str = "planner", **options: Any) -> Page:
        context = browser.new_context(base_url=house.stack.url, **{"viewport": DESK, **options})
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(house.stack.sign_in_url(username))
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


def status_of(page: Page) -> Any:
    return page.locator(".facts-line .status").first


def says(page: Page, words: str) -> None:
    expect(status_of(page)).to_contain_text(words, timeout=PATIENCE)


def stands(page: Page, words: str) -> None:
    expect(page.locator(".run-progress strong")).to_have_text(words)


def start_over_simulated_sales(page: Page) -> None:
    page.goto("/runs/new/?sales=scenario:demo_minimal")
    page.get_by_role("button", name="Start run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))


def test_a_run_is_started_watched_stopped_started_again_and_outlives_a_kill(
    house: House, enter: Enter
) -> None:
    # Start, and hold the run in its first step.
    house.arm("before-close")
    planner = enter("planner")
    start_over_simulated_sales(planner)
    house.held_at("before-close")
    says(planner, "Running")
    stands(planner, f"Step 1 of {ROWS}")
    expect(planner.locator("details.phase").first).to_have_attribute("open", "")

    # Reload in the middle; a second viewer who comes late sees the same, without the buttons.
    planner.reload()
    says(planner, "Running")
    viewer = enter("approver")
    viewer.goto(planner.url)
    says(viewer, "Running")
    stands(viewer, f"Step 1 of {ROWS}")
    expect(viewer.get_by_role("button", name="Stop run")).to_have_count(0)

    # Stop: both see it without a reload.
    planner.get_by_role("button", name="Stop run").first.click()
    planner.locator("#stop-dialog").get_by_role("button", name="Stop run").click()
    expect(planner.get_by_role("button", name="Stopping…")).to_be_visible()
    house.release("before-close")
    says(planner, "Cancelled")
    says(viewer, "Cancelled")

    # Start it again with the same options; SIGKILL the worker in the middle of a step.
    planner.get_by_role("link", name="Run again").click()
    house.arm("after-claim")
    planner.get_by_role("button", name="Start run").click()
    planner.wait_for_url(re.compile(r"/runs/\d+/$"))
    viewer.goto(planner.url)
    os.kill(house.held_at("after-claim"), signal.SIGKILL)
    says(planner, "Done")
    says(viewer, "Done")
    stands(planner, f"Step {ROWS} of {ROWS}")
    # Series judged, and series forecast.
    expect(planner.locator(".kpis").get_by_text("30", exact=True)).to_have_count(2)


def test_a_second_run_on_the_same_sales_waits_in_the_queue(house: House, enter: Enter) -> None:
    house.arm("before-close")
    planner = enter("planner")
    start_over_simulated_sales(planner)
    house.held_at("before-close")

    planner.goto("/runs/new/?sales=scenario:demo_minimal")
    expect(planner.get_by_text("queues at position 1")).to_be_visible()
    planner.get_by_role("button", name="Start run").click()
    says(planner, "Queued")
    expect(planner.get_by_text("position 1 in the queue")).to_be_visible()

    house.release("before-close")
    says(planner, "Done")


def test_a_phase_that_the_reader_closed_stays_closed(house: House, enter: Enter) -> None:
    house.arm("before-close")
    planner = enter("planner")
    start_over_simulated_sales(planner)
    house.held_at("before-close")
    data, decision = (
        planner.locator("details[id$=phase-data]"),
        planner.locator("details[id$=phase-decision]"),
    )
    expect(data).to_have_attribute("open", "")

    data.locator("> summary").click()
    decision.locator("> summary").click()
    house.release("before-close")
    says(planner, "Done")

    expect(data).not_to_have_attribute("open", "")
    expect(decision).to_have_attribute("open", "")


def test_an_address_opens_a_step_and_its_log_is_read_there(house: House, enter: Enter) -> None:
    planner = enter("planner")
    start_over_simulated_sales(planner)
    says(planner, "Done")
    step = planner.locator("#step-train")
    expect(step).to_be_hidden()

    planner.goto(f"{planner.url}#step-train")
    expect(step).to_be_in_viewport()
    step.locator("details.log > summary").click()

    expect(step.locator(".log-lines")).to_contain_text("Started")
    planner.emulate_media(media="print")
    expect(planner.locator("#step-verify")).to_be_visible()
    expect(planner.get_by_role("link", name="Run again")).to_be_hidden()


def test_a_run_is_watched_on_a_phone(house: House, enter: Enter) -> None:
    planner = enter("planner", viewport=PHONE)
    start_over_simulated_sales(planner)

    says(planner, "Done")

    assert planner.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(planner.get_by_role("link", name="Run again")).to_be_visible()


def reload_until(page: Page, words: str) -> None:
    """Do what a reader without JavaScript does."""
    ends = time.monotonic() + 60
    while words not in status_of(page).inner_text() and time.monotonic() < ends:
        page.reload()
    says(page, words)


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop run").first.click()
    page.locator("#stop-dialog").get_by_role("button", name="Stop run").click()


def test_without_javascript_runs_are_started_queued_stopped_and_go_on(
    house: House, enter: Enter
) -> None:
    house.arm("before-close")
    planner = enter("planner", java_script_enabled=False, viewport=PHONE)
    start_over_simulated_sales(planner)
    first = planner.url
    house.held_at("before-close")
    planner.get_by_role("link", name="Refresh").click()
    says(planner, "Running")

    start_over_simulated_sales(planner)
    expect(planner.get_by_text("position 1 in the queue")).to_be_visible()
    stop(planner)
    says(planner, "Cancelled")

    planner.goto(first)
    stop(planner)
    house.release("before-close")
    reload_until(planner, "Cancelled")
    planner.locator("#retry-step").select_option("precheck")
    planner.get_by_role("button", name="Go on").click()
    reload_until(planner, "Done")
    expect(planner.get_by_text("let it go on: Goes on from precheck.")).to_be_visible()


def test_a_run_that_keeps_going_skips_only_what_needs_the_failed_step(
    house: House, enter: Enter, tmp_path: Path
) -> None:
    # Nothing can be judged: one series ended long before the folds, the other began after them.
    days = [(1, "early"), (2, "early"), (89, "late"), (90, "late")]
    rows = [f"{date(2026, 1, 1) + timedelta(days=day)},{store},bread,3" for day, store in days]
    sales = tmp_path / "hopeless.csv"
    sales.write_text("\n".join(["ds,store,product,quantity", *rows]))
    house.stack.answer("import_dataset", "hopeless", str(sales), "--as", "planner")
    planner = enter("planner", java_script_enabled=False)

    planner.goto("/runs/new/?sales=dataset:hopeless&keep_going=on")
    planner.get_by_role("button", name="Start run").click()
    reload_until(planner, "Failed at step 7")

    text = planner.locator("main").inner_text()
    assert "Needs backtest, which failed." in planner.content()
    assert "step 7 failed" in text  # why there is no comparison
    assert "No series can be judged." in text
    expect(planner.locator("#retry-step")).to_have_value("backtest")
