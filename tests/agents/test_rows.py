"""What holds of the rows of sessions whatever happens to them, looked at with SQL."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agents import tasks
from agents.domain import statuses
from agents.models import Approval, Invocation, Pause, Session
from agents.services import checking, invocations
from agents.services.working import FENCES
from forecastlab.jobs.models import JobStep
from tests.agents.asking import make_approval
from tests.agents.door import Door, approver, effects, planner
from tests.agents.factories import advance
from tests.agents.fake_chat import FakeChat
from tests.factories import claim_job, expire_lease

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WATCH = """
CREATE TABLE lab_moves (what text, row_id bigint, became text, stream text, told text, tx bigint);
CREATE FUNCTION lab_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_TABLE_NAME = 'events_event' THEN
        INSERT INTO lab_moves VALUES
            ('event', NULL, NEW.kind, NEW.stream, NEW.payload::text, txid_current());
    ELSIF TG_OP = 'INSERT' OR OLD.status IS DISTINCT FROM NEW.status THEN
        INSERT INTO lab_moves VALUES
            (TG_TABLE_NAME, NEW.id, NEW.status, NULL, NULL, txid_current());
    END IF;
    RETURN NULL;
END $$;
"""
TABLES = ("agents_session", "agents_invocation", "agents_approval", "events_event")


@pytest.fixture
def watched(transactional_db: None) -> Iterator[None]:
    """Let the database itself note every change of a status, and every event."""
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
        for table in TABLES:
            cursor.execute(
                f"CREATE TRIGGER lab_note AFTER INSERT OR UPDATE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION lab_note()"
            )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION lab_note CASCADE")
        cursor.execute("DROP TABLE lab_moves")


def noted() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT what, row_id, became, stream, told, tx FROM lab_moves")
        names = ("what", "row", "became", "stream", "told", "tx")
        found = [dict(zip(names, one, strict=True)) for one in cursor.fetchall()]
    return [{**one, "told": json.loads(one["told"] or "{}")} for one in found]


def lives(alice: Door, dora: Door, chat: FakeChat, settings: Any) -> None:
    """Let sessions go every way that there is."""
    approved = alice.ask("lab_jot a | lab_look b | lab_write c | invented d; mark_resolved")
    dora.decide(alice.asked(approved)[0], "approve")
    advance(approved)
    alice.tell("session-say", approved.pk, message="lab_fail e; mark_escalated")
    advance(approved)
    rejected = alice.ask("lab_write f; -")
    dora.decide(alice.asked(rejected)[0], "reject")
    advance(rejected)
    stopped = alice.ask("lab_write g | lab_write h")
    dora.decide(alice.asked(stopped)[0], "approve")
    alice.tell("session-stop", stopped.pk)
    lapsed = alice.ask("lab_write i; -")
    linked = alice.ask("lab_write i; -")
    alice.tell("session-retract", linked.pk)
    advance(linked)
    Approval.objects.open().update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep_approvals()
    for one in (lapsed, linked):
        advance(one)
    chat.refusals.append((401, {"error": {"message": "no such key"}}))
    failed = alice.ask("lab_jot j; mark_resolved")
    alice.tell("session-retry", failed.pk)
    advance(failed)
    lost(alice, dora)
    settings.FORECASTLAB_ENVIRONMENT = ""
    alice.ask("lab_jot k | lab_write l; -")
    settings.FORECASTLAB_ENVIRONMENT = "demo"


def lost(alice: Door, dora: Door) -> None:
    """Lose a worker between its claim and its record, and let a person say what happened."""
    session = alice.ask("lab_write m; mark_resolved")
    call = session.invocations.get()
    dora.decide(call.approval.pk, "approve")
    assert session.job is not None
    JobStep.objects.filter(job=session.job).update(due_at=timezone.now())
    _lease, step = claim_job(session.job)
    fence = step.job_id * FENCES + step.fence
    assert invocations.claim(call, fence=fence, at=timezone.now())
    expire_lease(session.job)
    late = {"status": "pending", "lease_until": None, "due_at": timezone.now()}
    JobStep.objects.filter(pk=step.pk).update(**late)
    advance(session)
    assert alice.calls(session)[0] == ("lab_write", "unknown")
    told = {"verdict": "succeeded", "reason": "The line is there"}
    assert dora.tell("call-settle", call.pk, **told).status_code == 200
    advance(session)


@pytest.fixture
def lived(chat: FakeChat, watched: None, settings: Any) -> Door:
    alice = planner()
    lives(alice, approver(), chat, settings)
    return alice


def tells_of(event: dict[str, Any], move: dict[str, Any]) -> bool:
    """Whether an event is of the transaction of a change, and about what was changed."""
    if event["tx"] != move["tx"]:
        return False
    if move["what"] == "agents_session":
        mine = event["stream"] == f"session.{move['row']}"
        created = move["became"] == "queued" and event["became"] == "session.created"
        return mine and (created or event["became"] == f"session.{move['became']}")
    name = move["what"].removeprefix("agents_")
    return event["told"].get(name) == move["row"]


def test_no_status_changes_without_its_event_in_the_same_transaction(lived: Door) -> None:
    found = noted()
    events = [one for one in found if one["what"] == "event"]
    moves = [one for one in found if one["what"] != "event"]

    ways = {(one["what"].removeprefix("agents_"), one["became"]) for one in moves}
    assert {state for what, state in ways if what == "session"} == set(Session.Status.values)
    assert {state for what, state in ways if what == "approval"} == set(Approval.Status.values)
    assert {state for what, state in ways if what == "invocation"} == set(Invocation.Status.values)
    untold = [one for one in moves if not any(tells_of(event, one) for event in events)]
    assert untold == []


def test_every_call_that_ran_has_one_approval_of_its_own_digest(
    lived: Door, tmp_path: Path
) -> None:
    ran = Invocation.objects.exclude(claimed_at=None).select_related("approval")
    done = set(effects(tmp_path))

    assert ran.count() >= len(done) >= 3
    for one in ran:
        approval = one.approval
        assert (approval.status, approval.digest) == ("approved", one.digest), one
        verdicts = {each.verdict for each in approval.decisions.all()}
        assert verdicts == {"approve"}
        assert {each.digest for each in approval.decisions.all()} == {one.digest}
    assert len(effects(tmp_path)) == len(done)
    assert not {"f", "g", "h", "i", "k", "l"} & done


def test_every_approval_is_closed_once_its_session_is_over(lived: Door) -> None:
    assert not Session.objects.unfinished().exists()
    assert not Approval.objects.open().exists()
    assert checking.findings() == []


def test_a_call_that_ran_unapproved_or_changed_is_found(lived: Door) -> None:
    ran = list(Invocation.objects.filter(status="succeeded").order_by("pk")[:2])
    Invocation.objects.filter(pk=ran[0].pk).update(digest="0" * 64)
    Approval.objects.filter(invocation=ran[1]).update(status="rejected")

    found = checking.findings()

    assert len(found) == 2
    assert all("without an approval" in one for one in found)


def test_operations_fences_and_seals_leave_the_server_nowhere(lived: Door) -> None:
    shown = "".join(_everything(lived))

    assert "lab_write" in shown
    for one in Invocation.objects.exclude(claimed_at=None):
        assert str(one.operation_id) not in shown
        assert one.operation_id.hex not in shown
        assert not re.search(rf"\b{one.fence}\b", shown)
        for sealed in (bytes(one.sealed).hex(), base64.b64encode(bytes(one.sealed)).decode()):
            assert sealed[:40] not in shown


def _everything(reader: Door) -> Iterator[str]:
    """All that people and programs are told of the sessions that there are."""
    urls = [reverse(name) for name in ("agents:sessions", "agents:approvals", "api:session-list")]
    urls += [reverse("api:approval-list", query={"status": "all"})]
    for session in Session.objects.select_related("job"):
        urls += [session.get_absolute_url(), reverse("api:session", args=[session.pk])]
        urls += [reverse("api:stream-events", args=[session.stream])]
        if session.job_id:
            urls += [reverse("api:job", args=[session.job_id])]
    for approval in Approval.objects.all():
        urls += [approval.get_absolute_url(), reverse("api:approval-read", args=[approval.pk])]
    for url in urls:
        answer = reader.get(url)
        assert answer.status_code == 200, url
        yield answer.content.decode()


# -- what the database allows ----------------------------------------------------------------------


def test_no_row_has_a_status_that_its_life_does_not_know(db: None) -> None:
    approval = make_approval()
    call = approval.invocation
    held = {"session": call.session, "turn": call.turn, "kind": "input"}
    pause = Pause.objects.create(**held, opened_at=timezone.now())

    for row in (call.session, call.turn.attempt, call, approval, pause):
        name = type(row).__name__
        known = f"{name.lower()}_status_known"
        with alone(type(row)._meta.db_table, known):
            rows = type(row)._default_manager.filter(pk=row.pk)
            for status in statuses.TABLES[name]:
                rows.update(status=status)
            with pytest.raises(IntegrityError, match=known), transaction.atomic():
                rows.update(status="sleeping")


@contextmanager
def alone(table: str, constraint: str) -> Iterator[None]:
    """Let this be the only one of its kind on a table: others speak of other columns too."""
    asked = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(asked, [table])
        for (name,) in cursor.fetchall():
            if name != constraint:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        transaction.set_rollback(True)
