"""Live pages in a real browser, over each transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect

from forecastlab.events.services import log
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import NewEvent
from tests.browser.server import Daphne
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRANSPORTS = ("socket", "sse", "poll")
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Daphne]:
    running = Daphne("tests.browser.live_site").start()
    yield running
    running.kill()


@pytest.fixture
def opened(browser: Browser, server: Daphne) -> Iterator[Open]:
    contexts = []
    errors: list[str] = []

    def open_page(username: str = "alice", query: str = "") -> Page:
        client = Client()
        client.force_login(make_user(username))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context = browser.new_context()
        contexts.append(context)
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{error} {error.stack}"))
        page.goto(f"{server.url}/page?{query}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def append(stream: str = "thing.1", count: int = 1) -> None:
    with transaction.atomic():
        news = [NewEvent(stream, "noted", {"n": n}) for n in range(count)]
        log.append(news, actor_id=None, at=NOW)


def live(page: Page, transport: str = "socket") -> Page:
    expect(page.locator("html")).to_have_attribute("data-live", transport)
    return page


def note_events(page: Page) -> None:
    """Write the numbers of the events that the page is told of into `data-seen`."""
    page.evaluate(
        "document.body.addEventListener('live:thing.1', ({ detail }) => {"
        "  const seen = document.body.dataset.seen || '';"
        "  const news = detail.events.map((one) => one.seq).join(' ');"
        "  document.body.dataset.seen = `${seen} ${news}`.trim(); })"
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_regions_follow_what_happens(opened: Open, transport: str) -> None:
    page = live(opened(query=f"live={transport}"), transport)

    append(count=2)

    expect(page.locator("#thing-1-count")).to_have_text("2")
    expect(page.locator("#thing-1-mine")).to_have_text("2 by alice")
    expect(page.locator("#live-state")).to_contain_text("Live · updated")
    expect(page.locator("#live-status")).to_have_text("2 events")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_event_arrives_once(opened: Open, transport: str) -> None:
    append(count=3)
    page = live(opened(query=f"live={transport}"), transport)
    note_events(page)

    for _ in range(12):
        append()

    seen = " ".join(str(seq) for seq in range(4, 16))
    expect(page.locator("body")).to_have_attribute("data-seen", seen)


def test_a_late_and_a_second_viewer_see_the_same(opened: Open) -> None:
    early = live(opened("alice"))
    append(count=4)
    late = live(opened("bob"))
    append()

    for page, name in ((early, "alice"), (late, "bob")):
        expect(page.locator("#thing-1-count")).to_have_text("5")
        expect(page.locator("#thing-1-mine")).to_have_text(f"5 by {name}")


def test_what_is_no_event_arrives_too(opened: Open) -> None:
    page = live(opened())
    people = page.locator("#thing-1-people")
    before = int(people.inner_text())

    make_user("bob")
    doorbell.ring("thing.1")

    expect(people).to_have_text(str(before + 1))
    expect(page.locator("#thing-1-count")).to_have_text("0")


def test_a_page_that_lost_its_server_says_so_and_catches_up(opened: Open, server: Daphne) -> None:
    page = live(opened())
    note_events(page)
    append()
    expect(page.locator("#thing-1-count")).to_have_text("1")

    server.kill()
    expect(page.locator("#live-banner")).to_contain_text("Live updates paused. This page shows")
    expect(page.locator("#live-banner")).to_contain_text("Next try in")
    expect(page.locator("#live-state")).to_have_attribute("data-state", "paused")
    append(count=3)
    server.start()

    expect(page.locator("#thing-1-count")).to_have_text("4")
    expect(page.locator("#live-banner")).to_be_empty()
    expect(page.locator("body")).to_have_attribute("data-seen", "1 2 3 4")


@pytest.mark.parametrize("blocked", ["socket", "socket and sse"])
def test_a_page_falls_back_when_a_transport_is_blocked(opened: Open, blocked: str) -> None:
    page = opened()
    page.add_init_script(
        "window.WebSocket = class { close() {} constructor() { setTimeout(() => this.onclose()) } }"
    )
    if "sse" in blocked:
        page.route("**/live/events/**", lambda route: route.abort())
    page.reload()
    live(page, "poll" if "sse" in blocked else "sse")

    append()

    expect(page.locator("#thing-1-count")).to_have_text("1")


def test_a_reader_keeps_focus_and_open_panels(opened: Open) -> None:
    page = live(opened())
    page.locator("#thing-1-more summary").click()
    page.locator("#thing-1-open summary").click()
    page.locator("#thing-1-link").focus()

    append()

    expect(page.locator("#thing-1-count")).to_have_text("1")
    expect(page.locator("#thing-1-more")).to_have_attribute("open", "")
    expect(page.locator("#thing-1-open")).not_to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.id") == "thing-1-link"


def test_news_that_comes_while_a_region_is_asking_is_not_lost(opened: Open) -> None:
    page = live(opened())
    held: list[Route] = []
    page.route("**/mine/1", lambda route: route.continue_() if held else held.append(route))
    append()
    expect(page.locator("#thing-1-count")).to_have_text("1")
    append()
    expect(page.locator("#thing-1-count")).to_have_text("2")

    region = page.locator("#thing-1-mine").evaluate("one => one.outerHTML")
    held[0].fulfill(body=region.replace("0 by", "1 by"), content_type="text/html")

    expect(page.locator("#thing-1-mine")).to_have_text("2 by alice")


def test_an_unchanged_region_is_not_touched(opened: Open) -> None:
    page = live(opened(query="keys=1,2"))
    page.evaluate("document.querySelector('#thing-2-panel').mark = 'mine'")

    append("thing.2", 0)
    doorbell.ring("thing.2")
    append("thing.1")

    expect(page.locator("#thing-1-count")).to_have_text("1")
    page.wait_for_timeout(600)
    assert page.evaluate("document.querySelector('#thing-2-panel').mark") == "mine"


def test_several_streams_and_one_that_comes_later(opened: Open) -> None:
    page = live(opened(query="keys=1,2"))
    page.locator("#load").click()
    expect(page.locator("#thing-9-count")).to_have_text("0")

    for stream in ("thing.1", "thing.2", "thing.9"):
        append(stream)

    for key in "129":
        expect(page.locator(f"#thing-{key}-count")).to_have_text("1")


def test_times_are_told_in_the_readers_words(opened: Open) -> None:
    page = opened()
    time = page.locator("#thing-1-panel time")

    expect(time).to_have_text("5 Jan")
    assert "2026-01-05T14:31:22" in (time.get_attribute("title") or "")


def test_a_page_stops_when_its_reader_signs_out(opened: Open) -> None:
    page = live(opened("bob"))
    bob = type(make_user("dora")).objects.get(username="bob")
    bob.is_active = False
    bob.save()
    doorbell.recheck(bob.pk)

    expect(page.locator("#live-state")).to_have_attribute("data-state", "signed-out")
    expect(page.locator("#live-banner")).to_contain_text("Sign in again")


def test_the_policy_for_content_holds(opened: Open) -> None:
    page = opened()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.reload()
    live(page)

    assert [one for one in messages if "Content Security" in one] == []
