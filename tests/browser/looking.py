"""Looking at a page as it is promised of all: no wider than the screen, named for all readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js"
PHONE: Any = {"width": 390, "height": 844}
DESK: Any = {"width": 1280, "height": 900}


class Visit(NamedTuple):
    """What was seen of one page; `overflow` is in pixels."""

    address: str
    overflow: int
    faults: list[str]


def visit(page: Page, address: str, screen: int) -> Visit:
    page.goto(address)
    width = page.evaluate("document.documentElement.scrollWidth")
    # Evaluated by the browser itself, which needs no leave of the page's content policy.
    page.evaluate(AXE.read_text())
    return Visit(address, width - screen, _faults(page))


def _faults(page: Page) -> list[str]:
    """Look at a page with all its panels open, then at each menu, which lies over the page."""
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
