"""Promises that hold on every page: no overflow on a phone, no script error, names for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looking
from tests.browser.conftest import NewContext
from tests.browser.crawl import addresses
from tests.browser.looking import DESK, PHONE, Visit
from tests.stack import Stack

pytestmark = pytest.mark.browser


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


class Twin(NamedTuple):
    """One page with and without a script: its heading, how many tables and forms it has."""

    address: str
    scripted: tuple[str, int]
    plain: tuple[str, int]


@contextmanager
def _page(browser: Browser, stack: Stack, **options: Any) -> Iterator[Page]:
    context = browser.new_context(base_url=stack.url, **options)
    page = context.new_page()
    page.goto(stack.sign_in_url("planner"))
    yield page
    context.close()


@pytest.fixture(scope="module", params=[(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"])
def visits(
    request: pytest.FixtureRequest, filled: Stack, found: list[str], browser: Browser
) -> list[Visit]:
    """Every page, looked at once on a phone in light and once at a desk in dark."""
    viewport, scheme = request.param
    with _page(browser, filled, viewport=viewport, color_scheme=scheme) as page:
        return [looking.visit(page, address, viewport["width"]) for address in found]


@pytest.fixture(scope="module")
def heard() -> list[str]:
    """What the browser says against the pages, content policy included."""
    return []


@pytest.fixture(scope="module")
def twins(filled: Stack, found: list[str], browser: Browser, heard: list[str]) -> list[Twin]:
    """Every page with and without a script."""
    with (
        _page(browser, filled, viewport=DESK) as scripted,
        _page(browser, filled, viewport=DESK, java_script_enabled=False) as plain,
    ):
        scripted.on("pageerror", lambda error: heard.append(str(error)))
        scripted.on(
            "console",
            lambda message: heard.append(message.text) if message.type == "error" else None,
        )
        return [_twin(scripted, plain, address) for address in found]


def _twin(scripted: Page, plain: Page, address: str) -> Twin:
    scripted.goto(address)
    plain.goto(address)
    scripted.wait_for_load_state("networkidle")
    return Twin(address, _parts(scripted), _parts(plain))


def _parts(page: Page) -> tuple[str, int]:
    return page.locator("h1").inner_text(), page.locator("main :is(table, form)").count()


def test_no_page_is_wider_than_the_screen(visits: list[Visit]) -> None:
    assert {one.address: one.overflow for one in visits if one.overflow > 0} == {}


def test_every_page_can_be_used_with_a_screen_reader(visits: list[Visit]) -> None:
    assert {one.address: one.faults for one in visits if one.faults} == {}


def test_pages_are_complete_without_javascript(twins: list[Twin]) -> None:
    assert [one for one in twins if one.plain != one.scripted] == []


def test_no_page_makes_the_browser_complain(twins: list[Twin], heard: list[str]) -> None:
    assert twins
    assert heard == []


def test_sign_in_and_refusals_have_the_same_look(filled: Stack, signed_in: NewContext) -> None:
    page = signed_in(viewport=PHONE).new_page()

    answer = page.goto("/nothing-is-here/")

    assert answer is not None
    assert answer.status == 404
    assert page.locator(".panel h1").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
