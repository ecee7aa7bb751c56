"""What happens to a session between two things that its worker does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from agents.graphs import advance as advancing
from agents.models import ActionPolicy, Approval, Attempt, Message, Session, Turn
from agents.queries import deciding
from agents.services import (
    controls,
    decisions,
    executing,
    parking,
    policies,
    sessions,
    settling,
    sweeping,
)
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job, JobStep
from tests.agents.asking import make_session
from tests.agents.door import effects
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import make_user, run_job

pytestmark = pytest.mark.django_db(transaction=True)

GATED = "lab_write one; mark_resolved"
OTHERS = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def dora(db: None) -> User:
    return make_user("dora", role="approver")


def lab(message: str, by: User) -> Session:
    return start(message, by=by, dataset="", skill="lab")


def approve(by: User) -> None:
    one = Approval.objects.open().get()
    seen = {"version": one.version, "digest": one.digest, "at": timezone.now()}
    decisions.decide(one.pk, "approve", by=by, **seen)


def once(act: Callable[[], object]) -> Callable[..., None]:
    """Return what does something when it is called first, and nothing later."""
    left = [act]

    def do(*_given: object) -> None:
        if left:
            left.pop()()

    return do


def finished(session: Session) -> Session:
    """Let workers do what there is to do; pauses before another try are over at once."""
    for _ in range(4):
        advance(session)
        JobStep.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
    return session


def check_all_is_over(session: Session) -> None:
    assert (session.status, session.outcome) == ("succeeded", "resolved"), session.status_reason
    assert set(Attempt.objects.values_list("status", flat=True)) == {"ended"}
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded"}


def test_a_decision_that_comes_as_a_session_parks_is_carried_out(
    chat: FakeChat, alice: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, answer = lab(GATED, alice), once(lambda: approve(dora))
    monkeypatch.setattr(
        parking, "barrier", lambda name: answer() if name == "agent-parked" else None
    )

    check_all_is_over(finished(session))


def test_a_stop_between_two_calls_of_a_turn_drops_the_second(
    chat: FakeChat, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = lab("lab_jot a | lab_jot b; mark_resolved", alice)
    stop = once(lambda: sessions.stop(session, by=alice, at=timezone.now()))
    monkeypatch.setattr(
        executing, "barrier", lambda name: stop() if name == "agent-recorded" else None
    )

    advance(session)

    assert (session.status, effects(tmp_path)) == ("cancelled", ["a"])
    job = Job.objects.get()
    assert (job.status, job.error) == ("cancelled", {})


def test_words_that_come_as_a_session_ends_are_heard(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = lab("-", alice)
    say = once(lambda: sessions.say(session, "mark_resolved", by=alice, at=timezone.now()))
    monkeypatch.setattr(
        settling, "barrier", lambda name: say() if name == "agent-settled" else None
    )

    check_all_is_over(finished(session))
    assert list(Turn.objects.order_by("pk").values_list("attempt__number", flat=True)) == [1, 2]


def test_words_that_come_before_the_job_of_an_ended_session_closes_are_heard(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = lab("-", alice)
    say = once(lambda: sessions.say(session, "mark_resolved", by=alice, at=timezone.now()))
    monkeypatch.setattr(advancing, "barrier", say)

    check_all_is_over(finished(session))
    assert Job.objects.count() == 2


def test_a_job_leaves_a_session_alone_that_has_another_one(chat: FakeChat, alice: User) -> None:
    session = lab("mark_resolved", alice)
    first = session.job
    assert first is not None
    Session.objects.filter(pk=session.pk).update(job=lab("-", alice).job)

    run_job(first)

    session.refresh_from_db()
    assert (session.status, Turn.objects.count()) == ("queued", 0)


def test_a_session_outlasts_a_restart_of_the_database(
    chat: FakeChat, alice: User, dora: User
) -> None:
    session = advance(lab(GATED, alice))
    with connection.cursor() as cursor:
        cursor.execute(f"{OTHERS} and datname = current_database()")
    approve(dora)

    check_all_is_over(finished(session))
    assert "LangGraph" not in session.status_reason


def test_a_deleted_session_that_goes_on_is_in_the_lists_again(chat: FakeChat, alice: User) -> None:
    session = advance(lab("-", alice))
    sessions.delete(session, by=alice, at=timezone.now())

    sessions.say(session, "mark_resolved", by=alice, at=timezone.now())

    assert Session.objects.undeleted().unfinished().get() == session


def test_whoever_told_a_session_what_to_do_does_not_approve_it_alone_at_high_risk(
    chat: FakeChat, alice: User, dora: User
) -> None:
    bob = make_user("bob", role="admin")
    draft = ActionPolicy(tool="lab_write", risk="high")
    policies.publish(draft, by=bob, at=timezone.now())
    session = advance(lab("-", alice))
    sessions.say(session, GATED, by=bob, at=timezone.now())
    advance(session)

    with pytest.raises(decisions.NotYours, match="somebody else"):
        approve(bob)
    assert not waiting(bob)
    assert waiting(dora)
    approve(dora)


def waiting(person: User) -> bool:
    return deciding.waiting_for(Approval.objects.visible_to(person), person).exists()


def test_sessions_that_stay_held_keep_none_out_of_sight(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, oscar = timezone.now(), make_user("oscar", role="operator")
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    held = [make_session(alice, status="waiting") for _ in range(3)]
    free = make_session(alice, "other", status="waiting")
    for one in (*held, free):
        Message.objects.create(session=one, number=1, text="-", author=alice, at=now)
    about = controls.Scope("dataset", str(held[0].dataset_id))
    controls.issue("hold", about, reason="", by=oscar, at=now)

    for _ in range(60):
        sweeping.sweep(timezone.now())

    assert set(Session.objects.filter(status="waiting")) == set(held)
