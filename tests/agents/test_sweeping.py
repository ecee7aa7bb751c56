"""What the sweep of sessions finds, and lets go on: each by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from agents import tasks
from agents.gateways import checkpoints
from agents.models import Approval, Control, Message, Pause, Session
from agents.services import bookmarks, moves, orders, sessions
from agents.services.controls import Scope
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from tests.agents.asking import make_session
from tests.agents.door import effects
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.agents.test_decision_races import PATIENCE, answer
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

TWO = "lab_write first | lab_write second; mark_resolved"


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def lab(message: str, by: User) -> Session:
    return advance(start(message, by=by, dataset="", skill="lab"))


def test_an_approved_call_goes_on_when_an_order_lapses_though_another_is_still_asked_about(
    chat: FakeChat, alice: User, tmp_path: Path
) -> None:
    oscar, now = make_user("oscar", role="operator"), timezone.now()
    session = lab(TWO, alice)
    first, second = Approval.objects.open().order_by("pk")
    ends = now + timedelta(hours=1)
    orders.give("hold", Scope("lab"), reason="", by=oscar, at=now, expires_at=ends)
    assert answer(first, "approve", alice) == "approve"
    assert advance(session).status == "waiting"
    assert effects(tmp_path) == []

    Control.objects.update(expires_at=now)
    tasks.sweep_sessions()
    advance(session)

    assert (session.status, effects(tmp_path)) == ("waiting", ["first"])
    assert Approval.objects.open().get() == second


def test_a_resume_leaves_alone_who_waits_for_an_answer(chat: FakeChat, alice: User) -> None:
    session = lab(TWO, alice)
    oscar, asked = make_user("oscar", role="operator"), Pause.objects.get(status="open")

    orders.give("resume", Scope("lab"), reason="", by=oscar, at=timezone.now())
    advance(session)

    assert Pause.objects.get() == asked
    assert (session.status, session.version) == ("waiting", 3)


def test_who_waits_for_one_session_has_called_the_others(chat: FakeChat, alice: User) -> None:
    forgotten = start("lab_look a", by=alice, dataset="", skill="lab")
    Job.objects.all().delete()
    held = make_session(alice, status="waiting")
    Message.objects.create(session=held, number=1, text="-", author=alice, at=timezone.now())

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        moves.lock(held.pk)
        sweep = pool.submit(_closing)
        _until_it_waits()
        forgotten.refresh_from_db()
        called = forgotten.job_id
        transaction.set_rollback(True)
    sweep.result(PATIENCE)

    assert called is not None


def _closing() -> None:
    try:
        tasks.sweep_sessions()
    finally:
        connection.close()


def _until_it_waits() -> None:
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    ends = timezone.now() + timedelta(seconds=PATIENCE)
    while timezone.now() < ends:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return


def test_bookmarks_of_sessions_that_wait_keep_none_of_ended_ones_out_of_sight(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.forget_all()
    parked = [lab(f"lab_write n{number}", alice) for number in range(5)]
    waits, stopped, deleted = parked[:3], parked[3], parked[4]
    sessions.stop(stopped, by=alice, at=timezone.now())
    deleted.delete()
    monkeypatch.setattr(bookmarks, "AT_ONCE", 2)
    assert len(checkpoints.threads(10)) == 5

    for _ in range(60):
        tasks.sweep_sessions()

    assert set(checkpoints.threads(10)) == {one.attempts.get().thread_id for one in waits}
