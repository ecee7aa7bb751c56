"""Promises that hold on every page: no overflow on a phone, no script error, names for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import NewContext
from tests.browser.crawl import addresses
from tests.stack import Stack

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js"
PHONE: Any = {"width": 390, "height": 844}
DESK: Any = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Stack:
    """An installation with a finished run, so that lists are not empty."""
    stack.answer("run_showcase", "--scenario", "demo_minimal", "--as", "planner", "--wait")
    return stack


@pytest.fixture(scope="module")
def found(filled: Stack, browser: Browser) -> list[str]:
    """One address of every kind of page, found by following links from the first page."""
    context = browser.new_context(base_url=filled.url, viewport=DESK)
    page = context.new_page()
    page.goto(filled.sign_in_url("planner"))
    listed = addresses(page)
    context.close()
    assert len(listed) >= 30
    return listed


def _complaints(page: Page) -> list[str]:
    """What the browser says against the page, content policy included."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda message: heard.append(message.text) if message.type == "error" else None,
    )
    return heard


def test_no_page_overflows_a_phone(found: list[str], signed_in: NewContext) -> None:
    page = signed_in(viewport=PHONE).new_page()

    too_wide = {}
    for address in found:
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            too_wide[address] = width

    assert too_wide == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_makes_the_browser_complain(
    found: list[str], signed_in: NewContext, scheme: str
) -> None:
    page = signed_in(viewport=DESK, color_scheme=scheme).new_page()
    heard = _complaints(page)

    for address in found:
        page.goto(address)
        page.wait_for_load_state("networkidle")

    assert heard == []


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone-light", "desk-dark"]
)
def test_every_page_can_be_used_with_a_screen_reader(
    found: list[str], signed_in: NewContext, scheme: str, viewport: Any
) -> None:
    page = signed_in(viewport=viewport, color_scheme=scheme, bypass_csp=True).new_page()

    faults = {address: _faults(page, address) for address in found}

    assert {address: fault for address, fault in faults.items() if fault} == {}


def _faults(page: Page, address: str) -> list[str]:
    """Look at a page with all its panels open, then at each menu, which lies over the page."""
    page.goto(address)
    page.add_script_tag(path=AXE)
    return [*_violations(page, "details:not(.menu)", "html"), *_violations(page, ".menu", ".menu")]


def _violations(page: Page, opened: str, where: str) -> list[str]:
    if not page.locator(where).count():
        return []
    page.evaluate(f"for (const one of document.querySelectorAll('{opened}')) one.open = true")
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}"
    result = page.evaluate(f"axe.run('{where}', {rules})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def test_pages_are_complete_without_javascript(found: list[str], signed_in: NewContext) -> None:
    with_script = signed_in(viewport=DESK).new_page()
    without = signed_in(viewport=DESK, java_script_enabled=False).new_page()

    for address in found:
        with_script.goto(address)
        without.goto(address)
        assert without.locator("h1").inner_text() == with_script.locator("h1").inner_text()
        assert without.locator("main :is(table, form)").count() == (
            with_script.locator("main :is(table, form)").count()
        ), address


def test_sign_in_and_refusals_have_the_same_look(filled: Stack, signed_in: NewContext) -> None:
    page = signed_in(viewport=PHONE).new_page()

    answer = page.goto("/nothing-is-here/")

    assert answer is not None
    assert answer.status == 404
    assert page.locator(".panel h1").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
