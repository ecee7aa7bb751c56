"""Replay a kept run, compare both, export it, then reset and replay: on a desk and on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.stack import Stack

pytestmark = pytest.mark.browser

DESK: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 390, "height": 844}
SOON = 60_000


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_kept_run_is_replayed_compared_exported_and_reset(
    stack: Stack, signed_in: NewContext, viewport: Any
) -> None:
    name = f"replayed-{viewport['width']}"
    start = ("run_showcase", "--scenario", "demo_minimal", "--table", "short", "--keep", name)
    stack.answer(*start, "--models", "naive,seasonal_naive", "--wait", "--as", "admin")
    page = signed_in("admin", viewport=viewport).new_page()

    replay(page, name)
    compare(page, name)
    export(page, name)
    reset(page, name)


def fits(page: Page) -> None:
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, page.url


def replay(page: Page, name: str) -> None:
    page.goto(f"/workspaces/{name}/")
    page.get_by_role("link", name="Replay", exact=True).click()
    fits(page)
    page.get_by_role("button", name="Replay exactly").click()
    expect(page.locator("h1")).to_contain_text("demo")
    reproduced(page, f"{name}-r1")


def reproduced(page: Page, name: str) -> None:
    """Look at a replay's page until its run has ended."""
    for _ in range(60):
        page.goto(f"/workspaces/{name}/")
        if page.locator("#reproduction .banner").count():
            break
        page.wait_for_timeout(1000)
    expect(page.locator("#reproduction .banner")).to_contain_text("The same numbers as")
    fits(page)


def compare(page: Page, name: str) -> None:
    page.goto(f"/workspaces/compare/?of={name}&of={name}-r1")
    expect(page.get_by_text("Comparable", exact=True)).to_be_visible()
    expect(page.get_by_text("The same model serves every series.")).to_be_visible()
    fits(page)


def export(page: Page, name: str) -> None:
    page.goto(f"/workspaces/{name}/export/")
    page.get_by_role("button", name="Export", exact=True).click()
    link = page.locator("a[download]").first
    expect(link).to_be_visible(timeout=SOON)
    fits(page)
    with page.expect_download() as started:
        link.click()
    assert started.value.path().read_bytes()[:4] == b"PK\x03\x04"


def reset(page: Page, name: str) -> None:
    """The list comes first; a wrong name deletes nothing, the right one starts the replay."""
    page.goto(f"/workspaces/{name}/replay/")
    page.get_by_role("button", name="See what would be deleted").click()
    expect(page.get_by_role("heading", name="Stays")).to_be_visible()
    fits(page)
    page.get_by_label("Name of the workspace").fill("another")
    page.get_by_role("button", name="Delete and replay").click()
    expect(page.locator(".error").first).to_contain_text("another")
    page.get_by_label("Name of the workspace").fill(name)
    page.get_by_role("button", name="Delete and replay").click()
    expect(page.locator("h1")).to_contain_text("demo")
    reproduced(page, f"{name}-r2")
