"""From the compared models through a group and a series to one fold, on a desk and on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def judged(stack: Stack) -> Stack:
    stack.answer("run_showcase", "--scenario", "demo_minimal", "--as", "planner", "--wait")
    return stack


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_planner_follows_an_error_down_to_a_fold(
    judged: Stack, signed_in: NewContext, viewport: Any
) -> None:
    page = signed_in(viewport=viewport).new_page()

    page.goto("/models/")
    page.locator("tbody th a").first.click()
    expect(page.locator("h1")).to_contain_text("leads")
    expect(page.locator("#horizon .plot path")).to_have_count(4)
    expect(page.locator("#groups .shaded").first).to_be_visible()

    group = page.locator("#groups tbody th a").first
    name = group.inner_text()
    group.click()
    expect(page.locator("[name=category]")).to_have_value(name)
    page.locator("#series tbody th a").first.click()
    expect(page.locator("forecast-chart canvas")).to_be_visible()

    page.get_by_role("link", name=re.compile("^Fold 2")).click()
    expect(page.get_by_text("The models knew sales up to")).to_be_visible()
    expect(page.locator("#ahead")).to_have_count(0)
    page.get_by_text("Draw other models").click()
    page.get_by_label("Naive", exact=True).check()
    page.get_by_role("button", name="Draw").click()
    expect(page.locator(".legend .overlay-1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
