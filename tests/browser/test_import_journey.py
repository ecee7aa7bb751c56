"""From a spoilt file to a second version: at a desk, on a phone, and without JavaScript."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.looking import AXE
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
PATIENCE = 60_000
WAYS = {
    "desk": {"viewport": DESK},
    "phone": {"viewport": PHONE},
    "desk-without-javascript": {"viewport": DESK, "java_script_enabled": False},
    "phone-without-javascript": {"viewport": PHONE, "java_script_enabled": False},
}
# What the words of a German till mean, as the page calls it.
MEANING = {
    "Filiale": "Store",
    "Artikel": "Product",
    "Datum": "Date",
    "Absatz": "Quantity",
    "Preis": "Price",
    "Wetter": "Signal, only observed",
}

Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, stack: Stack) -> Iterator[Enter]:
    """Give pages of a planner, and fail when a script or the content policy complained."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(message: Any) -> None:
        # Chromium tells of a refused form (422), htmx of a request that was stopped.
        told = message.text.startswith("htmx:") or "422" in message.text
        if message.type == "error" and not told:
            complaints.append(message.text)

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=stack.url, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        page.goto(stack.sign_in_url("planner"))
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


def table(days: int, *, spoilt: bool = False, more: int = 0) -> str:
    """Sales of two stores, in a file of a German till."""
    begin = date(2026, 1, 1)
    lines = ["Filiale;Artikel;Datum;Absatz;Preis;Wetter"]
    for store in ("Mitte", "Nord"):
        for day in range(days):
            sold = 3 + day % 7 + (more if day == 0 else 0)
            lines.append(f"{store};7;{begin + timedelta(day):%d.%m.%Y};{sold};1,5;{day % 9}")
    if spoilt:
        lines[4] = lines[4].replace(";6;", ";sechs;")
        lines.append(lines[1])
    return "\n".join(lines) + "\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "spoilt.csv").write_text(table(40, spoilt=True))
    (tmp_path / "sales.csv").write_text(table(40))
    (tmp_path / "newer.csv").write_text(table(47))
    return tmp_path


def wait_for(page: Page, there: Locator) -> None:
    """Wait for what the page will show: live, or by reloading as a person without scripts does."""
    ends = time.monotonic() + PATIENCE / 1000
    while not there.is_visible() and time.monotonic() < ends:
        refresh = page.get_by_role("link", name="Refresh")
        if refresh.is_visible():
            refresh.click()
        elif page.get_by_text("Without live updates, reload").is_visible():
            page.reload()
        page.wait_for_timeout(100)
    expect(there).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def upload(page: Page, file: Path, *, name: str = "") -> None:
    if name:
        page.get_by_label("Dataset").fill(name)
    page.get_by_label("Sales file").set_input_files(file)
    page.get_by_role("button", name="Upload and look").click()
    page.wait_for_url(re.compile("/imports/map/"))


def choose(page: Page, column: str, role: str) -> None:
    page.get_by_label(column, exact=True).select_option(label=role)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def preview(page: Page) -> None:
    button(page, "Preview").click()
    page.wait_for_url(re.compile(r"/imports/\d+/preview/$"))
    wait_for(page, page.get_by_role("link", name="Upload a corrected file"))


def refused_then_taken(page: Page, file: Path, name: str) -> None:
    page.goto("/imports/new/")
    page.get_by_label("Dataset").fill("Till Data")
    page.get_by_label("Sales file").set_input_files(file)
    button(page, "Upload and look").click()
    expect(page.locator("#id_name_error")).to_contain_text("is not a name for a dataset")
    upload(page, file, name=name)


def map_and_see_what_is_wrong(page: Page, name: str) -> None:
    for column, role in MEANING.items():
        choose(page, column, role)
    page.get_by_label("Save these choices as").fill(f"for {name}")
    preview(page)
    expect(page.get_by_role("alert").filter(has_text="'sechs' is not a number")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="2 lines")).to_be_visible()
    expect(button(page, f"Import into {name}")).to_have_count(0)


def settle_repeated_rows(page: Page) -> None:
    page.get_by_role("link", name="Back to columns").click()
    expect(page.get_by_label("Wetter", exact=True)).to_have_value("signal:observed")
    page.get_by_label("Repeated rows").select_option("last")
    preview(page)
    expect(page.locator(".banner.bad")).to_have_count(1)


def fix_the_file(page: Page, file: Path) -> None:
    page.get_by_role("link", name="Upload a corrected file").click()
    upload(page, file)
    expect(page.get_by_label("Repeated rows")).to_have_value("last")
    preview(page)
    expect(page.get_by_role("cell", name="Mitte:7").first).to_be_visible()
    expect(page.get_by_text("guessed from the dates")).to_be_visible()


def import_and_open(page: Page, name: str, number: int) -> None:
    button(page, f"Import into {name}").click()
    wait_for(page, page.get_by_role("link", name=f"Open {name}@{number}"))
    page.get_by_role("link", name=f"Open {name}@{number}").click()


def append_the_next_week(page: Page, file: Path, name: str) -> None:
    page.get_by_role("link", name="Upload more").click()
    upload(page, file)
    expect(page.get_by_text(f"those of your profile 'for {name}'")).to_be_visible()
    page.get_by_label(re.compile("Append:")).check()
    preview(page)
    expect(page.get_by_text("14 rows added")).to_be_visible()


def the_axes_can_be_read(page: Page) -> None:
    chart = page.locator("forecast-chart")
    expect(chart.locator("canvas")).to_be_visible()
    assert chart.evaluate("one => one.amounts([0, 300000])") == ["0", "300K"]
    assert chart.evaluate("one => one.tick(0, null)") == "1 Jan\n2026"
    assert chart.evaluate("one => one.shown()") == {"min": -0.5, "max": 39.5}


def faults(page: Page) -> list[str]:
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    page.add_script_tag(path=AXE)
    result = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in result["violations"]]


@pytest.mark.parametrize("way", WAYS)
def test_a_spoilt_file_becomes_a_version_and_a_newer_one_the_next(
    enter: Enter, files: Path, way: str
) -> None:
    page, name = enter(**WAYS[way]), f"till-{way}"

    refused_then_taken(page, files / "spoilt.csv", name)
    map_and_see_what_is_wrong(page, name)
    settle_repeated_rows(page)
    fix_the_file(page, files / "sales.csv")
    import_and_open(page, name, 1)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("link", name="sales.csv")).to_be_visible()
    expect(page.get_by_role("link", name="Mitte:7").first).to_be_visible()
    if WAYS[way].get("java_script_enabled", True):
        the_axes_can_be_read(page)
    append_the_next_week(page, files / "newer.csv", name)
    import_and_open(page, name, 2)

    page.get_by_role("link", name="History and differences").click()
    page.get_by_role("link", name=re.compile("14 rows|Compare")).first.click()
    expect(page.get_by_text(f"from {name}@1 to {name}@2")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Rows")).first).to_contain_text("14")


def test_an_upload_shows_its_bytes_and_can_be_stopped(enter: Enter, tmp_path: Path) -> None:
    page, big = enter(viewport=DESK), tmp_path / "big.csv"
    big.write_text(table(40) + "Nord;7;01.01.2027;1;1,5;1\n" * 1_500_000)
    slow = page.context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4_000_000},
    )
    page.goto("/imports/new/?name=big")
    page.get_by_label("Sales file").set_input_files(big)

    button(page, "Upload and look").click()
    expect(page.get_by_text(re.compile(r"[1-9]\d? % · \d+(\.\d)? of \d+ MB"))).to_be_visible()
    moved = page.locator("[data-upload-bar]").evaluate("bar => bar.value")
    button(page, "Stop the upload").click()

    expect(page.get_by_text("Cancelled. Nothing was kept.")).to_be_visible()
    expect(button(page, "Upload and look")).to_be_enabled()
    assert 0 < moved < 100
    assert page.get_by_label("Sales file").evaluate("input => input.files[0].name") == "big.csv"


def test_another_way_to_read_shows_other_rows_at_once(enter: Enter, tmp_path: Path) -> None:
    page, file = enter(viewport=PHONE), tmp_path / "sales.csv"
    file.write_bytes("Größe;Datum;Menge\nA;31.12.2024;1\nA;01.01.2025;2\n".encode("cp1252"))
    page.goto("/imports/new/?name=sizes")
    upload(page, file)
    choose(page, "Größe", "Store")
    page.get_by_label("Negative sales").select_option("missing")

    page.get_by_label("Encoding").select_option("cp850")

    expect(page.get_by_label("Größe", exact=True)).to_have_count(0)
    expect(page.get_by_label("Negative sales")).to_have_value("missing")
    page.get_by_label("Encoding").select_option("windows-1252")
    expect(page.get_by_label("Größe", exact=True)).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_an_import_can_be_used_with_a_screen_reader(
    enter: Enter, files: Path, scheme: str, viewport: Any
) -> None:
    page = enter(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page.goto("/imports/new/?name=heard")
    page.get_by_text("More: stores").click()
    found = {"upload": faults(page)}

    upload(page, files / "spoilt.csv")
    for column, role in MEANING.items():
        choose(page, column, role)
    found["columns"] = faults(page)
    preview(page)
    found["preview"] = faults(page)

    assert {name: fault for name, fault in found.items() if fault} == {}
