"""Calls that were given up as unknown while they were still being made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.domain.skills import SKILLS
from agents.models import CostEntry, Pause, Session
from agents.services import closing, invocations, sessions
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.jobs.services import sweeping
from forecastlab.lib import registry
from forecastlab.lib.contributions import ToolContext, ToolResult
from forecastlab.lib.errors import Conflict
from forecastlab.lib.tools import agent_tool
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import expire_lease, make_user
from tests.jobs_lab.agent_tools import LAB, Noted

pytestmark = pytest.mark.django_db(transaction=True)

Meanwhile = Callable[[Session], None]


@contextmanager
def slow(meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let sessions call a tool `slow`, during which something else happens to them."""

    def call(context: ToolContext, asked: Noted) -> ToolResult:
        """Do something that takes a while."""
        meanwhile(Session.objects.get(ref=context.session))
        if asked.text == "cold":
            raise Conflict("The oven is cold.")
        return ToolResult({"loaves": 12}, "Baked after all")

    made = agent_tool("slow", arguments=Noted, verb="agent.start", risk="low")(call)
    monkeypatch.setitem(SKILLS, LAB.name, replace(LAB, tools=(*LAB.tools, made.name)))
    with registry.contributing("agent_tools", made):
        yield


def clear_up(session: Session) -> None:
    """Let others find that the worker of a session is silent, and go on without it."""
    assert session.job is not None
    expire_lease(session.job)
    sweeping.sweep()
    advance(session)


def stop(session: Session) -> None:
    sessions.stop(session, by=session.requested_by, at=timezone.now())
    clear_up(session)
    assert session.invocations.get().status == "unknown"


def settle(session: Session) -> None:
    """Let a person say what became of the call before its worker does."""
    clear_up(session)
    invocations.settle(
        session.invocations.get(),
        "failed",
        by=session.requested_by,
        at=timezone.now(),
        reason="The shelf is empty",
    )


@pytest.mark.parametrize(("text", "status"), [("warm", "succeeded"), ("cold", "failed")])
def test_what_a_worker_says_late_of_a_call_of_a_stopped_session_is_known(
    chat: FakeChat,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
    text: str,
    status: str,
) -> None:
    with slow(stop, monkeypatch):
        session = advance(start(f"slow {text}; -", by=alice, dataset="", skill="lab"))

    call = session.invocations.get()
    assert (session.status, call.status, call.settled_by) == ("cancelled", status, None)
    assert call.detail == {"warm": "Baked after all", "cold": "The oven is cold."}[text]
    assert CostEntry.objects.filter(invocation=call).exists()
    told = Event.objects.filter(stream=session.stream, kind__startswith="invocation.")
    last = list(told.order_by("seq").values_list("kind", flat=True))[-2:]
    assert last == ["invocation.unknown", f"invocation.{status}"]
    client.force_login(make_user("oskar", role="operator"))
    settling = reverse("agents:call-settle", args=[call.pk])
    assert settling not in client.get(session.get_absolute_url()).content.decode()


def test_a_session_that_waits_for_word_of_a_call_goes_on_when_its_worker_has_it(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slow(clear_up, monkeypatch):
        session = advance(start("slow warm; mark_resolved", by=alice, dataset="", skill="lab"))

    assert Pause.objects.get(session=session).status == "answered"
    assert (session.status, session.outcome) == ("succeeded", "resolved")
    assert session.invocations.get(tool="slow").result == {"loaves": 12}
    # Pages that list what waits for people hear of the question, and that it is answered.
    assert Event.objects.filter(stream=closing.STREAM).count() == 2


def test_what_a_person_has_said_of_a_call_stays(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with slow(settle, monkeypatch):
        session = advance(start("slow warm; mark_resolved", by=alice, dataset="", skill="lab"))

    call = session.invocations.get(tool="slow")
    assert (call.status, call.detail, call.settled_by) == ("failed", "The shelf is empty", alice)
