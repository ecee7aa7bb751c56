"""Keep a run, find it again, write about it; the same list and a deletion without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
SIZES = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def run(stack: Stack) -> int:
    """A run over few sales that nobody has kept."""
    start = ("run_showcase", "--scenario", "demo_minimal", "--table", "short", "--wait")
    told = stack.answer(*start, "--models", "naive,seasonal_naive", "--as", "planner")
    return int(told["run"])


def fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, page.url


@SIZES
def test_a_run_is_kept_found_and_annotated(run: int, signed_in: NewContext, viewport: Any) -> None:
    page = signed_in(viewport=viewport).new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    name = f"weekly-{viewport['width']}"

    keep(page, run, name)
    find(page, name)
    tick(page, name)
    annotate(page, name)
    clear_away(page, run, name)

    assert complaints == []


def keep(page: Page, run: int, name: str) -> None:
    page.goto(f"/runs/{run}/")
    page.get_by_role("link", name="Keep as workspace").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Tags").fill("north")
    fits(page)
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("h1")).to_contain_text(name)
    fits(page)


def find(page: Page, name: str) -> None:
    """The list follows what is typed, its address says so, and the view is saved."""
    page.goto("/workspaces/")
    page.get_by_label("Search workspaces").fill("nothing at all")
    expect(page.get_by_role("heading", name="No workspaces match")).to_be_visible()
    page.get_by_label("Search workspaces").fill("nort")
    expect(page.get_by_role("link", name=name)).to_be_visible()
    assert "search=nort" in page.url
    fits(page)
    page.get_by_text("Save view").first.click()
    page.get_by_label("Save these filters as").fill("North")
    fits(page)
    page.locator(".save-view").get_by_role("button", name="Save view").click()
    expect(view(page)).to_have_attribute("aria-current", "page")


def view(page: Page) -> Locator:
    return page.get_by_role("link", name="North", exact=True)


def tick(page: Page, name: str) -> None:
    """A tick brings the bar; its action answers on the same view."""
    bar = page.locator(".bulk")
    expect(bar).to_be_hidden()
    page.get_by_label(f"Tick {name}").check()
    expect(bar).to_contain_text("1 ticked")
    fits(page)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.get_by_label("Tick all on this page").check()
    bar.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("img", name="Pinned")).to_be_visible()
    expect(view(page)).to_have_attribute("aria-current", "page")


def annotate(page: Page, name: str) -> None:
    """Notes are Markdown and harmless; tags are offered after those that are typed."""
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Write notes").click()
    page.get_by_label("Notes").fill("Prices *fell*. <script>document.title = 'owned'</script>")
    page.get_by_label("Tags").fill("autumn, no")
    expect(page.locator('#known-tags option[value="autumn, north"]')).to_have_count(1)
    page.get_by_label("Tags").fill("north, autumn")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".written em")).to_have_text("fell")
    expect(page.locator(".written")).to_contain_text("<script>")
    expect(page.get_by_role("link", name="autumn")).to_be_visible()
    assert "owned" not in page.title()
    fits(page)


def clear_away(page: Page, run: int, name: str) -> None:
    """Delete it, and the view: the other size begins anew."""
    page.goto(f"/workspaces/{name}/delete/")
    expect(page.get_by_text(f"run {run}, until it is pruned")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    view(page).click()
    page.get_by_role("button", name="Delete view 'North'").click()
    expect(view(page)).to_have_count(0)


def test_list_and_deletion_work_without_javascript(run: int, signed_in: NewContext) -> None:
    page = signed_in(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(f"/runs/{run}/keep/")
    page.get_by_label("Name").fill("without-script")
    page.get_by_label("Tags").fill("plain")
    page.get_by_role("button", name="Keep").click()

    page.goto("/workspaces/?sort=name")
    page.get_by_label("Any tag").select_option("plain")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="without-script")).to_be_visible()
    expect(page.locator(".chip.set").first).to_contain_text("Tag: plain")
    page.get_by_label("Tick without-script").check()
    page.locator(".bulk").get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="No workspaces match")).to_be_visible()
    page.get_by_label("Not archived").select_option("only")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Tick without-script").check()
    page.locator(".bulk").get_by_role("button", name="Delete…").click()
    expect(page.get_by_text(f"run {run}, until it is pruned")).to_be_visible()
    page.get_by_role("button", name="Delete").click()

    expect(page.get_by_text("1 deleted. Its run stays.")).to_be_visible()
    page.goto(f"/runs/{run}/")
    expect(page.get_by_role("link", name="Keep as workspace")).to_be_visible()
