"""A planner overrides, an approver freezes, a file comes back, sales come in: on desk and phone."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
BEGUN, DAYS = date(2026, 1, 5), 91
SERIES = [f"S{store}:P{product}" for store in (1, 2) for product in (1, 2, 3)]


def sales(first: int, last: int, *, more: int = 0) -> str:
    """Sales of two stores and three products on some days; `more` of each than usual."""
    rows = ["date,store,product,quantity"]
    for day in range(first, last):
        when = BEGUN + timedelta(days=day)
        for place, name in enumerate(SERIES):
            store, product = name.split(":")
            rows.append(f"{when},{store},{product},{10 + place + day % 7 + more}")
    return "\n".join(rows) + "\n"


def load(stack: Stack, name: str, folder: Path, text: str, *mode: str) -> None:
    file = folder / f"{name}.csv"
    file.write_text(text)
    stack.answer("import_dataset", name, str(file), "--as", "planner", *mode)


def forecast(stack: Stack, name: str, folder: Path) -> None:
    load(stack, name, folder, sales(0, DAYS))
    stack.answer(
        *("run_showcase", "--dataset", name, "--table", "short", "--horizon", "14"),
        *("--models", "naive,seasonal_naive", "--as", "planner", "--wait"),
    )


def fits(page: Page) -> None:
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, page.url


def day(ahead: int) -> str:
    return str(BEGUN + timedelta(days=DAYS - 1 + ahead))


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_overrides_are_made_refused_frozen_published_and_judged(
    stack: Stack, signed_in: NewContext, viewport: Any, tmp_path: Path
) -> None:
    name = f"overridden-{viewport['width']}"
    forecast(stack, name, tmp_path)
    planner = signed_in("planner", viewport=viewport).new_page()
    admin = signed_in("admin", viewport=viewport).new_page()

    of_two_one_is_told(planner, admin, name)
    what_is_frozen_is_refused(signed_in("approver", viewport=viewport).new_page(), planner, name)
    a_file_names_its_bad_lines(planner, name, tmp_path)
    an_override_is_withdrawn(planner, name)
    a_version_is_published(planner, name)
    load(stack, name, tmp_path, sales(DAYS, DAYS + 10, more=6), "--mode", "append")
    the_verdict_is_told(planner, name)


def of_two_one_is_told(planner: Page, admin: Page, name: str) -> None:
    for page in (planner, admin):
        page.goto(f"/plans/overrides/?dataset={name}")
        expect(page.locator("h1")).to_contain_text("No overrides")
        fits(page)
    type_into_grid(planner, "25")
    expect(planner.locator("h1")).to_contain_text("1 override changes")

    type_into_grid(admin, "30")
    expect(admin.locator("td .error")).to_contain_text("planner set it to 25")
    expect(admin.locator("tbody input[type=text]").first).to_have_value("30")
    fits(admin)


def type_into_grid(page: Page, units: str) -> None:
    page.locator("tbody input[type=text]").first.fill(units)
    page.get_by_label("Reason").select_option("event")
    page.get_by_role("button", name="Save overrides").click()


def what_is_frozen_is_refused(approver: Page, planner: Page, name: str) -> None:
    approver.goto(f"/plans/freezes/?dataset={name}")
    approver.get_by_role("link", name="Freeze periods").click()
    approver.get_by_label("Scope").select_option("all")
    approver.get_by_label("From").select_option(day(1))
    approver.get_by_label("To").select_option(day(1))
    fits(approver)
    approver.get_by_role("button", name="Freeze").click()
    expect(approver.locator("h1")).to_contain_text("is in force")
    fits(approver)

    planner.goto(f"/plans/overrides/new/?dataset={name}")
    planner.get_by_label("Scope").select_option("store")
    planner.get_by_label("Its name").fill("S1")
    planner.get_by_label("What").select_option("percent")
    planner.get_by_label("Number").fill("10")
    planner.get_by_label("Number").press("Tab")
    expect(planner.locator("#override-preview")).to_contain_text("3 numbers there are frozen")
    planner.get_by_label("Reason").select_option("promotion")
    planner.get_by_role("button", name="Save override").click()
    expect(planner.locator(".banner.bad")).to_contain_text("is frozen (freeze")
    fits(planner)
    planner.get_by_label("From").select_option(day(2))
    expect(planner.locator("#override-preview")).not_to_contain_text("frozen")
    planner.get_by_role("button", name="Save override").click()
    expect(planner.locator("h1")).to_contain_text("40 overrides change")
    planner.goto(f"/plans/overrides/?dataset={name}")
    expect(planner.get_by_label("Frozen")).to_have_count(6)


def a_file_names_its_bad_lines(planner: Page, name: str, folder: Path) -> None:
    with planner.expect_download() as downloaded:
        planner.get_by_role("link", name="CSV", exact=True).click()
    lines = downloaded.value.path().read_text().splitlines()
    frozen = f"S2:P1,{day(1)},,9,event,0"
    bad = [lines[0], f"S2:P1,{day(5)},,many,event,0", frozen, f"S2:P9,{day(5)},,9,event,0"]
    planner.goto(f"/plans/overrides/{name}/upload/")
    upload(planner, folder, bad)
    expect(planner.locator("#upload-form")).to_contain_text("2 lines cannot be used")
    expect(planner.locator("#lines")).to_contain_text("'many' is not a number")
    fits(planner)
    upload(planner, folder, [lines[0], frozen])
    expect(planner.locator("#lines")).to_contain_text("is frozen (freeze")
    upload(planner, folder, [*lines[:1], f"S2:P1,{day(5)},,9,event,0"])
    expect(planner.locator("h1")).to_contain_text("41 overrides")


def upload(page: Page, folder: Path, lines: list[str]) -> None:
    file = folder / "overrides.csv"
    file.write_text("\n".join(lines) + "\n")
    page.get_by_label("CSV with overrides").set_input_files(file)
    page.get_by_role("button", name="Upload and save").click()


def an_override_is_withdrawn(planner: Page, name: str) -> None:
    """That of the file, newest in the log; the dots of the others stay on their charts."""
    planner.goto(f"/plans/overrides/log/?dataset={name}")
    planner.get_by_role("link", name="Withdraw").first.click()
    expect(planner.locator("dl.facts")).to_contain_text("1 of 1")
    planner.get_by_label("Reason").select_option("other")
    fits(planner)
    planner.get_by_role("button", name="Withdraw it").click()
    expect(planner.locator("tbody tr").first).to_contain_text("withdrawn")
    expect(planner.get_by_role("link", name="Withdraw")).to_have_count(2)
    fits(planner)


def a_version_is_published(planner: Page, name: str) -> None:
    planner.goto(f"/plans/published/?dataset={name}")
    planner.get_by_role("link", name="Publish").last.click()
    planner.get_by_label("Note").fill("For the board")
    fits(planner)
    planner.get_by_role("button", name="Publish").click()
    expect(planner.locator("h1")).to_contain_text("Version 1 is")
    expect(planner.locator("aside")).to_contain_text("For the board")
    fits(planner)


def the_verdict_is_told(planner: Page, name: str) -> None:
    planner.goto(f"/plans/value-added/?dataset={name}")
    expect(planner.locator("h1")).to_contain_text("points better on 10 periods")
    expect(planner.locator("#groups tbody th").first).to_contain_text("planner")
    fits(planner)
    planner.get_by_role("link", name="By reason").click()
    expect(planner.locator("#groups")).to_contain_text("Overrides for “Promotion”")
    fits(planner)
