"""Sessions through services, commands, API and pages: what runs, what waits, how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.gateways import checkpoints
from agents.models import Approval, Attempt, Invocation, Pause, Session, Turn
from agents.services import checking, decisions, invocations, orders, sessions, sweeping
from agents.services.controls import Scope
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import jobs
from forecastlab.lib.errors import Conflict
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import claim_job, expire_lease, make_user

pytestmark = pytest.mark.django_db(transaction=True)

GATED = "lab_look a; lab_write b; mark_resolved"


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def dora(db: None) -> User:
    return make_user("dora", role="approver")


def lab(message: str, by: User, **fields: Any) -> Session:
    return start(message, by=by, dataset="", skill="lab", **fields)


def answer(approval: Approval, verdict: str, by: User, reason: str = "because") -> None:
    approval.refresh_from_db()
    decisions.decide(
        approval.pk,
        verdict,
        by=by,
        version=approval.version,
        digest=approval.digest,
        reason=reason,
        at=timezone.now(),
    )


def asked(session: Session) -> list[Approval]:
    found = Approval.objects.open().filter(invocation__session=session)
    return list(found.order_by("pk"))


def effects(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "effects").read_text().splitlines()
    return sorted(line.partition(" ")[2] for line in lines)


def states(session: Session) -> list[tuple[str, str]]:
    return list(session.invocations.order_by("pk").values_list("tool", "status"))


# -- waiting for people ---------------------------------------------------------------------------


def test_a_session_waits_for_a_decision_and_then_ends(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab(GATED, alice))

    (approval,) = asked(session)
    assert session.status == "waiting"
    assert Job.objects.get(pk=session.job_id).status == "waiting"
    assert effects(tmp_path) == []

    answer(approval, "approve", dora)
    advance(session)

    assert (session.status, session.outcome) == ("succeeded", "resolved")
    assert session.outcome_reason == "It is written."
    assert effects(tmp_path) == ["b"]
    assert len(chat.requests) == Turn.objects.count() == 3
    assert checking.findings() == []


def test_two_calls_of_a_turn_get_opposite_answers(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab("lab_write yes | lab_write no; mark_resolved", alice))
    first, second = asked(session)

    answer(first, "approve", dora)
    advance(session)
    assert session.status == "waiting"
    assert effects(tmp_path) == ["yes"]
    answer(second, "reject", dora)
    advance(session)

    assert states(session)[:2] == [("lab_write", "succeeded"), ("lab_write", "rejected")]
    assert effects(tmp_path) == ["yes"]
    assert session.outcome == "resolved"


def test_a_rejection_is_told_to_the_model_and_ends_nothing(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab("lab_write a; -", alice))

    answer(asked(session)[0], "reject", dora, reason="Not on a Monday.")
    advance(session)

    assert (session.status, session.outcome) == ("succeeded", "needs_review")
    assert effects(tmp_path) == []
    told = json.loads(chat.requests[-1][1]["messages"][-1]["content"])
    assert told["status"] == "rejected"
    assert "Not on a Monday." in told["detail"]


def test_after_a_stop_nothing_runs_and_nothing_is_decided(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab(GATED, alice))
    (approval,) = asked(session)

    sessions.stop(session, by=alice, at=timezone.now())

    with pytest.raises(Conflict):
        answer(approval, "approve", dora)
    advance(session)
    assert session.status == "cancelled"
    assert states(session)[-1] == ("lab_write", "cancelled")
    approval.refresh_from_db()
    assert approval.status == "withdrawn"
    assert effects(tmp_path) == []
    with pytest.raises(sessions.SessionEnded):
        sessions.stop(session, by=alice, at=timezone.now())


def test_a_session_ends_with_its_job(chat: FakeChat, alice: User) -> None:
    session = advance(lab(GATED, alice))
    (approval,) = asked(session)
    assert session.job is not None

    jobs.cancel(session.job, by=alice, at=timezone.now())
    advance(session)

    approval.refresh_from_db()
    assert (session.status, approval.status) == ("cancelled", "withdrawn")
    assert checking.findings() == []


def test_words_do_not_answer_an_approval_and_are_heard_after_the_end(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab("lab_write a; mark_resolved", alice))
    with pytest.raises(sessions.AwaitsDecision):
        sessions.say(session, "yes, do it", by=dora, at=timezone.now())
    answer(asked(session)[0], "approve", dora)
    advance(session)

    sessions.say(session, "lab_look more; mark_escalated", by=alice, at=timezone.now())
    advance(session)

    assert (session.outcome, session.attempts.count()) == ("escalated", 2)
    assert Pause.objects.filter(status="open").count() == 0
    assert effects(tmp_path) == ["a"]


def test_an_order_holds_a_session_back_before_anything_begins(
    chat: FakeChat, alice: User, tmp_path: Path
) -> None:
    oskar, now = make_user("oskar", role="operator"), timezone.now()
    orders.give("hold", Scope("lab"), reason="Stocktaking", by=oskar, at=now)

    session = advance(lab("lab_jot a; mark_resolved", alice))
    assert (session.status, len(chat.requests)) == ("waiting", 0)
    assert sweeping.sweep(now) == 0
    orders.give("resume", Scope("lab"), reason="Done", by=oskar, at=timezone.now())
    advance(session)

    assert (session.outcome, effects(tmp_path)) == ("resolved", ["a"])


@pytest.mark.slow
def test_all_bookmarks_deleted_while_sessions_wait_change_nothing(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    parked = [advance(lab(f"lab_write n{n:02d} | mark_resolved", alice)) for n in range(50)]
    assert checkpoints.threads(100)

    checkpoints.forget_all()
    for session in parked:
        answer(asked(session)[0], "approve", dora)
        advance(session)

    assert {(one.status, one.outcome) for one in parked} == {("succeeded", "resolved")}
    assert effects(tmp_path) == [f"n{n:02d}" for n in range(50)]
    assert Turn.objects.count() == len(chat.requests) == 50


# -- calls that make no sense, and those that are lost --------------------------------------------


def test_an_invented_tool_fails_and_decides_nothing(
    chat: FakeChat, alice: User, tmp_path: Path
) -> None:
    session = advance(lab("close_everything now; save_plan x; -", alice))

    assert states(session) == [("close_everything", "failed"), ("save_plan", "failed")]
    assert session.outcome == "needs_review"
    assert Approval.objects.count() == 0


def test_a_tool_that_fails_is_kept_with_class_and_code_and_without_secrets(
    chat: FakeChat, alice: User
) -> None:
    session = advance(lab("lab_fail a; mark_resolved", alice))

    failed = session.invocations.get(tool="lab_fail")
    assert (failed.status, failed.error_class, failed.error_code) == (
        "failed",
        "Conflict",
        "conflict",
    )
    assert failed.is_retryable is False
    assert "oven" in failed.detail
    assert "swordfish9" not in failed.detail


def test_a_call_that_was_claimed_and_not_recorded_waits_for_a_person(
    chat: FakeChat, alice: User, dora: User, tmp_path: Path
) -> None:
    session = advance(lab(GATED, alice))
    answer(asked(session)[0], "approve", dora)
    _die_after_claim(session)

    advance(session)
    lost = session.invocations.get(tool="lab_write")
    assert (session.status, lost.status) == ("waiting", "unknown")
    assert "unknown" not in session.outcome
    assert len(checking.findings()) == 1
    settled = invocations.settle(
        lost, "succeeded", by=dora, at=timezone.now(), reason="I saw the line."
    )
    advance(session)

    assert (settled.status, settled.settled_by) == ("succeeded", dora)
    assert session.outcome == "resolved"
    assert effects(tmp_path) == []
    with pytest.raises(invocations.NotUnknown):
        invocations.settle(lost, "failed", by=alice, at=timezone.now(), reason="Me too.")


def _die_after_claim(session: Session) -> None:
    """Leave what a worker leaves that dies between its claim and its effect."""
    session.refresh_from_db()
    assert session.job is not None
    JobStep.objects.filter(job=session.job).update(due_at=timezone.now())
    _lease, step = claim_job(session.job)
    lost = session.invocations.get(tool="lab_write")
    assert invocations.claim(lost, fence=step.fence, at=timezone.now())
    expire_lease(session.job)
    JobStep.objects.filter(pk=step.pk).update(
        status="pending", lease_until=None, due_at=timezone.now()
    )


def test_a_late_record_of_a_call_that_somebody_else_has_claimed_changes_nothing(
    chat: FakeChat, alice: User, dora: User
) -> None:
    session = advance(lab(GATED, alice))
    call = session.invocations.get(tool="lab_write")
    failure = invocations.Failure("late", "Conflict", "conflict", is_retryable=False)
    assert invocations.claim(call, fence=7, at=timezone.now())
    Invocation.objects.filter(pk=call.pk).update(fence=8)

    taken = invocations.record(call, failure, fence=7, seconds=0.1, at=timezone.now())

    call.refresh_from_db()
    assert (taken, call.status) == (False, "claimed")
    assert not invocations.claim(call, fence=9, at=timezone.now())


# -- models ---------------------------------------------------------------------------------------


def test_a_model_that_refuses_fails_the_session_which_can_go_on_later(
    chat: FakeChat, alice: User, tmp_path: Path
) -> None:
    chat.refusals.append((401, {"error": {"message": "no such key sk-abcdefgh12345678"}}))
    session = advance(lab("lab_jot a; mark_resolved", alice))
    attempt = Attempt.objects.get()
    assert (session.status, attempt.error_code, attempt.is_retryable) == (
        "failed",
        "provider_auth",
        False,
    )
    assert "sk-abcdefgh12345678" not in session.status_reason

    sessions.retry(session, by=alice, at=timezone.now())
    advance(session)

    assert (session.outcome, session.attempts.count()) == ("resolved", 2)
    assert effects(tmp_path) == ["a"]


def test_ollama_is_spoken_to_in_its_own_form(chat: FakeChat, alice: User, settings: Any) -> None:
    settings.FORECASTLAB_LLM, settings.LLM_URL = "ollama", chat.url

    session = advance(lab("lab_look a; mark_resolved", alice))

    assert session.outcome == "resolved"
    path, body, _key = chat.requests[1]
    assert (path, body["stream"]) == ("/api/chat", False)
    assert body["messages"][2]["tool_calls"][0]["function"]["arguments"] == {"text": "a"}
    turn = Turn.objects.order_by("pk").first()
    assert turn is not None
    assert (turn.provider, turn.tokens_in, turn.tokens_out) == ("ollama", 11, 7)


def test_without_a_model_nothing_starts(alice: User, settings: Any) -> None:
    settings.FORECASTLAB_LLM = "none"

    with pytest.raises(sessions.NoModel):
        lab("lab_look a", alice)

    assert Session.objects.count() == 0


def test_a_model_that_never_ends_is_asked_so_often_and_no_more(chat: FakeChat, alice: User) -> None:
    session = advance(lab("; ".join(["lab_look a"] * 20), alice))

    assert (session.outcome, len(chat.requests)) == ("needs_review", 6)


# -- starting -------------------------------------------------------------------------------------


def test_the_same_request_while_one_is_open_is_linked_and_can_be_taken_up(
    chat: FakeChat, alice: User, dora: User
) -> None:
    first = advance(lab(GATED, alice))

    second = lab(f"  {GATED.upper()}! ", alice)
    assert (second.outcome, second.duplicate_of, second.job) == ("duplicate", first, None)
    assert second.status == "succeeded"
    sessions.retract(second, by=alice, at=timezone.now())
    second.refresh_from_db()

    assert (second.status, second.duplicate_of_id, second.outcome) == ("queued", None, "")
    assert lab(GATED, make_user("bob")).duplicate_of is None


def test_one_key_starts_one_session_and_refs_count_on(chat: FakeChat, alice: User) -> None:
    now = timezone.now()
    one = lab("lab_look a", alice, key="schedule:7", at=now)
    again = lab("lab_look other", alice, key="schedule:7", at=now)
    other = lab("lab_look b", alice, at=now)

    assert one == again
    assert int(other.ref.rpartition("-")[2]) == int(one.ref.rpartition("-")[2]) + 1
    assert len(one.ref) == len("S-20260101-0001")


def test_a_lost_wake_is_made_good_by_the_sweep(
    chat: FakeChat, alice: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = advance(lab(GATED, alice))
    with monkeypatch.context() as patch:
        patch.setattr("agents.services.calling.call", lambda *_, **__: None)
        answer(asked(session)[0], "approve", dora)
    advance(session)
    assert session.status == "queued"

    assert sweeping.sweep(timezone.now()) == 1
    advance(session)

    assert session.outcome == "resolved"


def test_every_change_of_status_has_its_event(chat: FakeChat, alice: User, dora: User) -> None:
    session = advance(lab(GATED, alice))
    answer(asked(session)[0], "approve", dora)
    advance(session)

    kinds = Event.objects.filter(stream=session.stream, kind__startswith="session.")
    told = list(kinds.order_by("seq").values_list("kind", flat=True))
    assert told == [
        "session.created",
        "session.running",
        "session.waiting",
        "session.queued",
        "session.running",
        "session.succeeded",
    ]
    assert session.version == len(told)


# -- pages and API --------------------------------------------------------------------------------


def test_the_pages_show_a_session_and_let_it_be_stopped(
    chat: FakeChat, alice: User, settings: Any
) -> None:
    client = Client()
    client.force_login(alice)
    session = advance(lab(GATED, alice))

    listed = client.get(reverse("agents:sessions")).content.decode()
    page = client.get(session.get_absolute_url()).content.decode()

    assert session.ref in listed
    assert "Write b" in page
    assert "No language model is in use" not in page
    settings.FORECASTLAB_LLM = "planner"
    assert "No language model is in use" in client.get(reverse("agents:sessions")).content.decode()
    client.post(reverse("agents:session-stop", args=[session.pk]))
    session.refresh_from_db()
    assert session.status == "cancelled"


def test_a_zero_byte_in_a_form_is_refused(client: Client, alice: User, chat: FakeChat) -> None:
    session = advance(lab("mark_resolved", alice))
    client.force_login(alice)

    told = client.post(reverse("agents:session-say", args=[session.pk]), {"message": "a\x00b"})

    assert (told.status_code, session.messages.count()) == (302, 1)


def test_the_api_starts_one_session_per_key_and_tells_what_it_waits_for(
    chat: FakeChat, alice: User
) -> None:
    client = Client(headers={"Idempotency-Key": "one"})
    client.force_login(alice)
    sent = {"skill": "lab", "message": GATED}
    options = {"data": json.dumps(sent), "content_type": "application/json"}

    first = client.post("/api/v1/sessions", **options)
    again = client.post("/api/v1/sessions", **options)
    advance(Session.objects.get())
    told = client.get(f"/api/v1/sessions/{first.json()['ref']}").json()

    assert (first.status_code, again.json()["session"]) == (201, first.json()["session"])
    assert told["status"] == "waiting"
    assert [one["action"] for one in told["open_approvals"]] == ["Write b"]
    said = client.post(
        f"/api/v1/sessions/{told['session']}/messages",
        json.dumps({"message": "do it"}),
        content_type="application/json",
        headers={"Idempotency-Key": "two"},
    )
    assert (said.status_code, said.json()["code"]) == (409, "awaits_decision")


# -- too much at once -----------------------------------------------------------------------------


def test_calls_beyond_the_most_of_a_turn_are_told_of_and_not_made(
    chat: FakeChat, alice: User, tmp_path: Path, client: Client
) -> None:
    many = " | ".join(f"lab_jot n{number:02d}" for number in range(12))

    session = advance(lab(f"{many}; mark_resolved", alice))

    told = "At most 8 calls are taken in one turn. 4 more were not: lab_jot, lab_jot,"
    calls = list(session.invocations.order_by("pk"))
    assert effects(tmp_path) == [f"n{number:02d}" for number in range(8)]
    assert [one.status for one in calls] == ["succeeded"] * 8 + ["failed", "succeeded"]
    assert (calls[8].error_code, calls[8].arguments) == ("too_many_calls", {})
    assert json.loads(chat.requests[-1][1]["messages"][-1]["content"])["detail"].startswith(told)
    client.force_login(alice)
    assert told in client.get(session.get_absolute_url()).content.decode()
    assert (session.outcome, checking.findings()) == ("resolved", [])


def test_calls_that_a_model_names_alike_are_told_apart(
    chat: FakeChat, alice: User, tmp_path: Path
) -> None:
    session = advance(lab("lab_jot#one a | lab_jot#one-3 b | lab_jot#one c; -", alice))

    assert effects(tmp_path) == ["a", "b", "c"]
    assert len(set(session.invocations.values_list("model_call_id", flat=True))) == 3
