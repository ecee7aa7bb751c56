"""Calls of tools that hang: broken off in time, and never said to have failed where they wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from agents.domain.skills import SKILLS
from agents.job_kinds import LEASE
from agents.models import Approval, Session
from agents.queries import tools
from agents.services import decisions
from forecastlab.accounts.models import User
from forecastlab.lib import registry
from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult
from forecastlab.lib.tools import LONGEST_CALL, BadTool, agent_tool
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import make_user
from tests.jobs_lab.agent_tools import LAB, Noted

pytestmark = pytest.mark.django_db(transaction=True)

HANGS = "select pg_sleep(60)"
SOON = 20.0
Does = Callable[[ToolContext, Noted], None]


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@contextmanager
def doing(does: Does, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[None]:
    """Let sessions call a tool `stuck`, which may take a second."""

    def call(context: ToolContext, asked: Noted) -> ToolResult:
        """Do something that hangs."""
        does(context, asked)
        return ToolResult({}, "Done after all")

    given = {"arguments": Noted, "verb": "agent.start", "timeout_seconds": 1, **options}
    made: AgentTool = agent_tool("stuck", **given)(call)
    monkeypatch.setitem(SKILLS, LAB.name, replace(LAB, tools=(*LAB.tools, made.name)))
    with registry.contributing("agent_tools", made):
        yield


def run(by: User, message: str = "stuck a; mark_resolved") -> Session:
    """Work a session off; what hangs must not hang for long."""
    began = time.monotonic()
    session = advance(start(message, by=by, dataset="", skill="lab"))
    assert time.monotonic() - began < SOON
    return session


def statement_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        return str(cursor.fetchone()[0])


def ask_database(_context: ToolContext, _asked: Noted) -> None:
    """Wait for the database."""
    with connection.cursor() as cursor:
        cursor.execute(HANGS)


def write_and_hang(context: ToolContext, asked: Noted) -> None:
    """Write, and hang before it is committed."""
    with transaction.atomic():
        rename(context, asked)
        ask_database(context, asked)


def wait_and_report(context: ToolContext, _asked: Noted) -> None:
    for _ in range(600):
        time.sleep(0.1)
        context.report(text="Still at it")


def many_statements(_context: ToolContext, _asked: Noted) -> None:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(0.1)")


def rename(context: ToolContext, asked: Noted) -> None:
    User.objects.filter(pk=context.requester_id).update(first_name=asked.text)


def commit_and_hang(context: ToolContext, asked: Noted) -> None:
    with transaction.atomic():
        rename(context, asked)
    ask_database(context, asked)


def write_alone_and_hang(context: ToolContext, asked: Noted) -> None:
    rename(context, asked)
    wait_and_report(context, asked)


def read_a_transaction_and_hang(context: ToolContext, asked: Noted) -> None:
    with transaction.atomic():
        User.objects.get(pk=context.requester_id)
    ask_database(context, asked)


@pytest.mark.parametrize(
    "does",
    [
        *(ask_database, write_and_hang, wait_and_report, many_statements),
        read_a_transaction_and_hang,
    ],
)
def test_a_call_that_hangs_and_wrote_nothing_has_failed(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch, does: Does
) -> None:
    with doing(does, monkeypatch):
        session = run(alice)

    (call, _end) = session.invocations.order_by("pk")
    assert (call.status, call.error_code, call.is_retryable) == ("failed", "tool_timeout", True)
    assert call.detail == "It took longer than the 1 s that this tool may take."
    assert call.finished_at is not None
    alice.refresh_from_db()
    assert alice.first_name == ""
    assert (session.status, session.outcome) == ("succeeded", "resolved")
    assert statement_timeout() == "0"


@pytest.mark.parametrize("does", [commit_and_hang, write_alone_and_hang])
def test_a_call_that_hangs_after_it_wrote_is_unknown_until_a_person_says(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch, does: Does, client: Any
) -> None:
    client.force_login(make_user("oskar", role="operator"))
    with doing(does, monkeypatch):
        session = run(alice)
        call = session.invocations.get()
        assert (call.status, call.error_code, session.status) == (
            *("unknown", "tool_timeout"),
            "waiting",
        )
        page = client.get(session.get_absolute_url())
        assert "It took longer than the 1 s that this tool may take." in page.content.decode()
        assert "The worker stopped between" not in page.content.decode()

        body = {"verdict": "succeeded", "reason": "I looked: it is renamed."}
        client.post(reverse("agents:call-settle", args=[call.pk]), body)
        session = advance(session)

    alice.refresh_from_db()
    call.refresh_from_db()
    assert (call.status, alice.first_name) == ("succeeded", "a")
    assert session.outcome == "resolved"


def test_a_call_that_only_reads_has_failed_whatever_it_did(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with doing(commit_and_hang, monkeypatch, has_effect=False):
        session = run(alice)

    call = session.invocations.order_by("pk")[0]
    assert (call.status, call.error_code) == ("failed", "tool_timeout")


def test_a_call_that_waits_for_a_lock_waits_no_longer_than_it_may(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = connection.get_connection_params()
    keys = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{key: given[key] for key in keys if key in given}) as other:
        other.execute("select 1 from accounts_user where id = %s for no key update", [alice.pk])
        with doing(rename, monkeypatch):
            session = run(alice)
        other.rollback()

    call = session.invocations.order_by("pk")[0]
    assert (call.status, call.error_code) == ("failed", "tool_timeout")


def test_a_look_before_people_are_asked_is_bounded_and_harms_no_other_call(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.services.seeing.LONGEST_LOOK", 1)

    def looks(context: ToolContext, asked: Noted) -> list[tuple[str, str]]:
        ask_database(context, asked)
        return []

    with doing(rename, monkeypatch, risk="medium", preview=looks):
        session = run(alice, "stuck a | lab_write b; mark_resolved")

    stuck, other = session.invocations.order_by("number")
    assert (stuck.status, stuck.error_code) == ("failed", "tool_timeout")
    assert (other.status, session.status) == ("awaiting", "waiting")
    assert Approval.objects.get().invocation == other
    assert statement_timeout() == "0"


def test_a_look_before_the_effect_is_bounded_too(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.services.seeing.LONGEST_LOOK", 1)
    hangs: list[bool] = []

    def seen(context: ToolContext, asked: Noted) -> str:
        if hangs:
            ask_database(context, asked)
        return "as it was"

    with doing(rename, monkeypatch, risk="medium", seen=seen):
        session = run(alice, "stuck a; mark_resolved")
        approve(Approval.objects.get(), by=make_user("dora", role="approver"))
        hangs.append(True)
        began = time.monotonic()
        advance(session)

    assert time.monotonic() - began < SOON
    call = session.invocations.get(tool="stuck")
    alice.refresh_from_db()
    assert (call.status, call.error_code, alice.first_name) == ("rejected", "tool_timeout", "")
    assert statement_timeout() == "0"


def approve(one: Approval, *, by: User) -> None:
    decisions.decide(
        one.pk, "approve", by=by, version=one.version, digest=one.digest, at=timezone.now()
    )


def test_what_ends_in_time_is_not_touched(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with doing(rename, monkeypatch):
        session = run(alice)

    alice.refresh_from_db()
    assert (session.outcome, alice.first_name) == ("resolved", "a")
    assert statement_timeout() == "0"


def test_every_tool_may_take_less_than_the_lease_of_a_session() -> None:
    assert all(one.timeout_seconds <= LONGEST_CALL for one in tools.catalogue().values())
    assert LONGEST_CALL < LEASE
    for seconds in (0, LONGEST_CALL + 1):
        with pytest.raises(BadTool, match=f"its calls may take {seconds} s"):
            agent_tool("stuck", arguments=Noted, verb="agent.start", timeout_seconds=seconds)(
                ask_database  # type: ignore[arg-type]
            )
