"""A real Chromium for the tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import chromium
from tests.stack import Stack

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright's own loop runs in this thread; Django would take it for an async view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with chromium.started() as running:
        yield running
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def signed_in(browser: Browser, stack: Stack) -> Iterator[NewContext]:
    """Give browser contexts of signed-in people: `signed_in("planner", viewport=...)`."""
    opened: list[BrowserContext] = []

    def make(username: str = "planner", **options: object) -> BrowserContext:
        context = browser.new_context(base_url=stack.url, **options)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.goto(stack.sign_in_url(username))
        page.close()
        return context

    yield make
    for context in opened:
        context.close()
