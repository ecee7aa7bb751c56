"""From a spoilt bundle to a workspace: at a desk, on a phone, and without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.showcase.made_bundles import files, flipped, manifest, packed

pytestmark = pytest.mark.browser

WAYS: dict[str, Any] = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "phone-plain": {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False},
}


def fits(page: Page) -> None:
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, page.url


@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_is_looked_at_before_it_is_imported(
    way: str, signed_in: NewContext, tmp_path: Path
) -> None:
    page = signed_in(**WAYS[way]).new_page()
    run = {**manifest()["run"], "name": f"seen on a {way}"}
    whole, bad = tmp_path / "whole.zip", tmp_path / "bad.zip"
    whole.write_bytes(packed(files(told={"run": run})))
    bad.write_bytes(flipped(whole.read_bytes(), "steps.json"))

    page.goto("/workspaces/import/")
    page.get_by_label("Bundle").set_input_files(bad)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator(".error").first).to_contain_text("steps.json")
    page.get_by_label("Bundle").set_input_files(whole)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("The bundle is whole.")).to_be_visible()
    expect(page.get_by_text(run["name"])).to_be_visible()
    fits(page)
    page.get_by_label("Name here").fill(f"from-{way}")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Import of a bundle")

    for _ in range(100):
        answer = page.goto(f"/workspaces/from-{way}/")
        if answer is not None and answer.ok:
            break
        page.wait_for_timeout(200)
    expect(page.locator("#origin")).to_contain_text("rich-a")
    fits(page)
