"""From any page by a key to the search, from a hit to its lines; and the key switched off."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

PHONE: Any = {"width": 390, "height": 844}
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def test_a_key_leads_to_the_search_and_a_hit_to_its_lines(
    stack: Stack, signed_in: NewContext
) -> None:
    page = signed_in("viewer").new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

    page.goto("/runs/")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("How do I keep a run, so that it is not deleted?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?*")
    hit_of(page, "How to keep runs").click()
    cited = page.locator(".doc-lines .cited")
    expect(cited.first).to_be_in_viewport()
    expect(page.locator("h1")).to_have_text("How to keep runs")
    nothing_is_found_and_no_text_acts(page)
    the_key_is_switched_off(page)

    phone = signed_in("viewer", viewport=PHONE).new_page()
    phone.goto("/runs/")
    phone.get_by_role("link", name="Search everything").click()
    expect(phone.get_by_label("Search for")).to_be_visible()
    assert complaints == []


def hit_of(page: Page, title: str) -> Locator:
    """Return the hit; the program's documents are indexed while the installation starts."""
    found = page.locator("#found-documents").get_by_role("link", name=title)
    until = time.monotonic() + 60
    while not found.count() and time.monotonic() < until:
        page.wait_for_timeout(250)
        page.reload()
    return found.first


def nothing_is_found_and_no_text_acts(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type(f"{HOSTILE} zzqqxx")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?*")
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    expect(page.get_by_label("Search for")).to_have_value(f"{HOSTILE} zzqqxx")
    page.goto("/search/?q=zzqqxx")
    expect(page.get_by_role("heading", name="Nothing found for “zzqqxx”")).to_be_visible()
    assert "owned" not in page.title()


def the_key_is_switched_off(page: Page) -> None:
    page.goto("/account/")
    page.get_by_label("Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("html")).to_have_attribute("data-shortcuts", "off")
    page.keyboard.press("/")
    expect(page.locator("#search")).not_to_be_focused()
    page.get_by_label("Keyboard shortcuts").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("html")).to_have_attribute("data-shortcuts", "on")
