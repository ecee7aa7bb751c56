"""Pages of agents in a real browser: however a session stands, and while it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from agents.models import Session
from agents.services import invocations, orders, sessions
from agents.services.controls import Scope
from forecastlab.accounts.models import User
from tests.agents.asking import make_call, make_session, make_tool
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat, fake_chat
from tests.browser import looking
from tests.browser.looking import DESK, PHONE, Visit
from tests.browser.server import Daphne
from tests.factories import make_group
from tests.planning.forecasts import make_forecast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
HOSTILE = f"<img src=x onerror=document.title='owned'>\u202e{LONG}"
CUT = {"kind": "price", "change_pct": -0.1, "scope": {"kind": "all", "value": ""}}
SAVE = f"save_plan {json.dumps({'assumptions': [CUT], 'name': HOSTILE[:190]})}"
READ = f"read_sales {json.dumps({'series': HOSTILE[:190]})}"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Daphne]:
    running = Daphne("forecastlab.settings", FORECASTLAB_LLM="planner").start()
    yield running
    running.kill()


@pytest.fixture
def chat() -> Iterator[FakeChat]:
    with fake_chat() as found, pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "FORECASTLAB_LLM", "openai")
        patch.setattr(settings, "LLM_URL", f"{found.url}/v1")
        yield found


@pytest.fixture
def alice(chat: FakeChat) -> User:
    alice: User = make_forecast().created_by
    alice.groups.add(make_group("approver"), make_group("operator"))
    return alice


@pytest.fixture
def opened(browser: Browser, server: Daphne) -> Iterator[Open]:
    contexts, errors = [], []

    def open_page(by: User, **options: Any) -> Page:
        client = Client()
        client.force_login(by)
        name = settings.SESSION_COOKIE_NAME
        context = browser.new_context(base_url=server.url, **options)
        contexts.append(context)
        cookie = {"name": name, "value": client.cookies[name].value, "url": server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def asked(message: str, by: User) -> Session:
    return start(message, by=by)


def running(by: User) -> Session:
    """A session at work, with a call of which nobody knows what became."""
    session = make_session(by, subject=HOSTILE[:200])
    session.messages.create(number=1, text=HOSTILE, author=by, at=session.created_at)
    call = make_call(session, make_tool(), name=HOSTILE, note=LONG)
    with transaction.atomic():
        invocations.claim(call, fence=1, at=timezone.now())
        call.refresh_from_db()
        invocations.lose(call, at=timezone.now())
    return session


def however(by: User, chat: FakeChat) -> dict[str, Session]:
    """A session for each way that one may stand."""
    stopped = advance(asked(f"{SAVE}; mark_resolved", by))
    sessions.stop(stopped, by=by, at=timezone.now())
    found = {
        "queued": asked(f"- {HOSTILE}", by),
        "running": running(by),
        "waiting": advance(asked(f"{READ}; {SAVE}; mark_resolved", by)),
        "needs_review": advance(asked(f"{READ}; -", by)),
        "cancelled": stopped,
        "duplicate": asked(f"- {HOSTILE}", by),
        "resolved": advance(asked(" | ".join([READ] * 10) + "; mark_resolved", by)),
    }
    chat.refusals = [(401, {"error": {"message": HOSTILE}})] * 3
    found["failed"] = advance(asked(f"{READ}; mark_resolved", by))
    return found


def test_pages_of_sessions_keep_the_promises_of_all_pages(
    opened: Open, alice: User, chat: FakeChat
) -> None:
    found = however(alice, chat)
    stands = {name: (one.status, one.outcome) for name, one in found.items()}
    assert stands == {
        "queued": ("queued", ""),
        "running": ("running", ""),
        "waiting": ("waiting", ""),
        "needs_review": ("succeeded", "needs_review"),
        "cancelled": ("cancelled", ""),
        "duplicate": ("succeeded", "duplicate"),
        "resolved": ("succeeded", "resolved"),
        "failed": ("failed", ""),
    }
    pages = [*(one.get_absolute_url() for one in found.values())]
    pages += [reverse(f"agents:{name}") for name in ("sessions", "session-new", "controls")]

    visits: list[Visit] = []
    for viewport, scheme in ((PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")):
        page = opened(alice, viewport=viewport, color_scheme=scheme)
        visits += [looking.visit(page, address, viewport["width"]) for address in pages]
        assert page.title() != "owned"

    assert [one for one in visits if one.overflow > 0 or one.faults] == []


def test_an_open_page_follows_its_session(opened: Open, alice: User) -> None:
    session = asked(f"{SAVE}; mark_resolved", alice)
    page = opened(alice, viewport=DESK)
    page.goto(session.get_absolute_url())
    expect(page.locator("html")).to_have_attribute("data-live", "socket")
    shown = page.locator(f"#session-{session.pk}-status")
    expect(shown).to_contain_text("Queued")
    expect(page.locator("#say")).to_be_visible()

    advance(session)

    expect(shown).to_contain_text("Waits for a decision")
    expect(page.locator(f"#session-{session.pk}-asks")).to_contain_text("Approve")
    expect(page.locator(f"#session-{session.pk}-timeline")).to_contain_text("A person is asked")
    expect(page.locator("#say")).to_be_hidden()

    sessions.stop(session, by=alice, at=timezone.now())

    expect(shown).to_contain_text("Cancelled")
    expect(page.locator(f"#session-{session.pk}-asks article")).to_have_count(0)
    expect(page.locator(f"#session-{session.pk}-actions")).not_to_contain_text("Stop session")
    expect(page.locator("#say")).to_be_hidden()


def test_an_open_list_follows_its_sessions(opened: Open, alice: User) -> None:
    page = opened(alice, viewport=DESK)
    page.goto(reverse("agents:sessions"))
    expect(page.locator("html")).to_have_attribute("data-live", "socket")

    session = asked("-", alice)
    row = page.locator(f"#session-{session.pk}-row")
    expect(row).to_contain_text("Queued")

    advance(session)
    expect(row).to_contain_text("Needs a look")


def test_an_open_page_of_orders_follows_them(opened: Open, alice: User) -> None:
    page = opened(alice, viewport=DESK)
    page.goto(reverse("agents:controls"))
    expect(page.locator("html")).to_have_attribute("data-live", "socket")
    expect(page.locator("#orders")).to_contain_text("No order holds agents")

    orders.give("hold", Scope("lab"), reason="Stocktaking", by=alice, at=timezone.now())

    expect(page.locator("#orders")).to_contain_text("Stocktaking")
