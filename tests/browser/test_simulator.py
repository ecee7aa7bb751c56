"""Simulating sales in a browser: the size follows the fields, and the dataset is there after."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}


def form(page: Page) -> Page:
    page.goto("/datasets/")
    page.get_by_role("link", name="Simulate sales").first.click()
    return page


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_choose_look_simulate_and_open(signed_in: NewContext, viewport: Any) -> None:
    page = form(signed_in("planner", viewport=viewport).new_page())
    size, window = page.locator("#simulate-size"), page.get_by_label("Days before the last")
    name = f"made-at-{viewport['width']}"

    page.get_by_label("Dataset", exact=True).fill(name)
    page.get_by_label("Preset").select_option("holiday_rush")
    expect(size).to_contain_text("46,000")
    expect(window).to_be_disabled()
    page.get_by_label("Preset").select_option("demo_minimal")
    expect(window).to_be_enabled()
    page.get_by_label("Stores").fill("200")
    expect(size).to_contain_text("takes a whole number from 1 to 100")
    page.get_by_label("Stores").fill("2")
    expect(size).to_contain_text("1,840")
    page.get_by_label("Weather").check()
    page.get_by_role("button", name="Simulate").click()
    page.get_by_role("link", name=f"Open {name}@1").click(timeout=30_000)

    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("main")).to_contain_text("temperature")


def test_without_a_script_the_size_is_a_button_away(signed_in: NewContext) -> None:
    context = signed_in("planner", viewport=DESK, java_script_enabled=False)
    page = form(context.new_page())

    page.get_by_label("Preset").select_option("new_launches")
    page.get_by_label("Products").fill("200")
    page.get_by_role("button", name="Look").click()

    expect(page.locator("#simulate-size")).to_contain_text("2,000")
    expect(page.get_by_label("Products")).to_have_value("200")
    assert "csrf" not in page.url
