"""What an approval takes to be answered, and what may run after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.gateways import sealing
from agents.models import Approval, Control, Decision, Invocation
from agents.services import actors, closing, controls, decisions, gating, watching
from agents.services.gating import NotRunnable
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.lib.contributions import Exposure, Signal
from forecastlab.lib.errors import BadInput, HouseError, NotAllowed, NotFound
from tests.agents.asking import ask, make_approval, make_approver, make_session, make_tool
from tests.factories import make_user

pytestmark = pytest.mark.django_db

HIGH = {"risk": "high"}
SECRET = "hunter2-0451"


def decide(approval: Approval, verdict: str, by: User, **given: Any) -> Decision:
    seen = {"version": approval.version, "digest": approval.digest, "at": timezone.now()}
    return decisions.decide(approval.pk, verdict, by=by, **{**seen, **given})


def state(approval: Approval) -> tuple[str, str]:
    approval.refresh_from_db()
    return approval.status, Invocation.objects.get(pk=approval.invocation_id).status


# -- asking ---------------------------------------------------------------------------------------


def test_policy_lets_a_call_run_and_the_row_says_so(alice: User) -> None:
    approval = make_approval(alice, tool={"base_score": 90})

    assert state(approval) == ("approved", "requested")
    assert (approval.lane, approval.notifies) == ("auto", True)
    answer = approval.decisions.get()
    assert (answer.decided_by.kind, answer.verdict) == ("policy", "approve")
    gating.check_runnable(approval.invocation, at=timezone.now())


def test_a_question_keeps_all_that_it_rests_on(alice: User) -> None:
    tool = {
        "exposure": lambda _context, bound: Exposure(bound.loaves, "loaves", "4840"),
        "signals": lambda _context, _bound: [Signal("oven", "The oven is cold", -7)],
        "preview": lambda _context, _bound: [("Loaves", "10 → 12")],
    }
    approval = make_approval(alice, tool=tool, confidence=0.71, loaves=12)

    points = {one["code"]: one["points"] for one in approval.factors}
    assert points == {"start": 70, "value": -15, "oven": -7, "doubt": -3}
    assert (approval.score, approval.lane) == (45, "review")
    assert (approval.title, approval.preview) == ("Bake 12 loaves of rye", [["Loaves", "10 → 12"]])
    assert state(approval) == ("open", "awaiting")
    assert approval.digest == approval.invocation.digest


def test_what_cannot_be_found_out_is_asked_about(alice: User) -> None:
    def unknown(_context: object, _bound: object) -> Exposure:
        raise NotFound

    approval = make_approval(alice, tool={"base_score": 95, "risk": "low", "exposure": unknown})

    assert approval.lane == "review"


@pytest.mark.parametrize("environment", ["", "prod"])
def test_without_an_environment_nothing_happens(alice: User, environment: str) -> None:
    approval = make_approval(alice, tool={"base_score": 100}, environment=environment)

    assert state(approval) == ("rejected", "rejected")
    assert "FORECASTLAB_ENVIRONMENT" in approval.invocation.detail
    assert approval.decisions.get().decided_by == actors.policy_user()


def test_an_agent_may_not_do_what_its_person_may_not() -> None:
    approval = make_approval(make_user("vera", role="viewer"), tool={"base_score": 100})

    assert state(approval) == ("rejected", "rejected")


def test_secrets_are_in_no_row_and_in_no_event(alice: User) -> None:
    tool = {
        "sensitive": ("name",),
        "preview": lambda _context, bound: [("note", bound.note)],
        "title": lambda bound: f"Bake {bound.note}",
        "signals": lambda _context, bound: [Signal("x", bound.note, -1)],
    }
    note = json.dumps([{"deep": [json.dumps({"password": SECRET})]}])
    approval = make_approval(alice, tool=tool, api_key=SECRET, name="rye-secret", note=note)
    decide(approval, "reject", alice, reason=f"Bearer {SECRET}")

    call = Invocation.objects.get(pk=approval.invocation_id)
    rows = [
        *Approval.objects.values(),
        *Decision.objects.values(),
        *Event.objects.values(),
        *Invocation.objects.defer("sealed").values(),
    ]
    assert SECRET not in str(rows) + str(call.sealed)
    assert "rye-secret" not in str(rows)
    plain = sealing.unseal(bytes(call.sealed), bound_to=str(call.operation_id))
    assert SECRET in plain.decode()


# -- answering -----------------------------------------------------------------------------------


def test_an_answer_is_used_once_and_the_second_is_told_who_was_first(alice: User) -> None:
    approval = make_approval(alice)
    dora = make_approver()

    decide(approval, "approve", alice)
    with pytest.raises(decisions.NotOpen, match="alice has approved it before you"):
        decide(approval, "reject", dora)

    assert state(approval) == ("approved", "awaiting")
    assert Decision.objects.count() == 1
    gating.check_runnable(approval.invocation, at=timezone.now())


def test_no_means_no(alice: User) -> None:
    approval = make_approval(alice)

    decide(approval, "reject", alice, reason="Too many")

    assert state(approval) == ("rejected", "rejected")
    call = Invocation.objects.get(pk=approval.invocation_id)
    assert (call.detail, call.error_code) == ("Too many", "approval_reject")
    with pytest.raises(NotRunnable) as refused:
        gating.check_runnable(call, at=timezone.now())
    assert refused.value.code == "not_approved"


STALE: dict[str, tuple[dict[str, Any], type[HouseError]]] = {
    "another digest": ({"digest": "0" * 64}, decisions.ApprovalChanged),
    "no digest": ({"digest": ""}, decisions.ApprovalChanged),
    "another version": ({"version": 2}, decisions.ApprovalChanged),
    "an unknown answer": ({"verdict": "maybe"}, BadInput),
}


@pytest.mark.parametrize("name", STALE)
def test_only_what_was_seen_is_answered(alice: User, name: str) -> None:
    given, error = STALE[name]
    approval = make_approval(alice)

    with pytest.raises(error):
        decide(approval, **{"verdict": "approve", "by": alice, **given})

    assert state(approval) == ("open", "awaiting")
    assert not Decision.objects.exists()


def test_whoever_is_nobody_here_decides_nothing(alice: User) -> None:
    inline, review = make_approval(alice), make_approval(alice, tool=HIGH)
    people = {
        "another planner": make_approver("paul", "planner"),
        "a viewer": make_approver("vera", "viewer"),
        "the agent": actors.agent_user("experiment"),
        "policy": actors.policy_user(),
        "the clock": actors.clock_user(),
    }

    for approval in (inline, review):
        for by in people.values():
            with pytest.raises(NotAllowed):
                decide(approval, "approve", by)
    with pytest.raises(NotAllowed, match="approver"):
        decide(review, "reject", alice)
    with pytest.raises(NotFound):
        decide(inline, "approve", make_user("charlie", role="approver"))

    assert not Decision.objects.exists()


def test_whoever_asked_does_not_approve_high_risk_alone() -> None:
    owner = make_approver("olga", "admin")
    approval = make_approval(owner, tool=HIGH)

    with pytest.raises(decisions.NotYours, match="somebody else"):
        decide(approval, "approve", owner)
    decide(approval, "approve", make_approver())

    assert state(approval) == ("approved", "awaiting")


def test_two_people_must_agree(alice: User) -> None:
    approval = make_approval(alice, tool=HIGH, environment="production")
    dora, emil = make_approver(), make_approver("emil", "admin")
    assert approval.approvals_needed == 2

    decide(approval, "approve", dora)
    assert state(approval) == ("open", "awaiting")
    with pytest.raises(NotRunnable):
        gating.check_runnable(approval.invocation, at=timezone.now())
    with pytest.raises(decisions.AnsweredAlready):
        decide(approval, "approve", dora)
    with pytest.raises(decisions.ApprovalChanged, match="dora has approved"):
        decide(approval, "approve", emil, version=1)
    decide(approval, "approve", emil)

    assert state(approval) == ("approved", "awaiting")
    assert {one.decided_by for one in Decision.objects.all()} == {dora, emil}


def test_one_no_is_enough(alice: User) -> None:
    approval = make_approval(alice, tool=HIGH, environment="production")

    decide(approval, "approve", make_approver())
    approval.refresh_from_db()
    decide(approval, "reject", make_approver("emil"))

    assert state(approval) == ("rejected", "rejected")


def test_words_are_typed_exactly(alice: User) -> None:
    tool = {"reversible": False, "confirm_phrase": lambda _context, bound: bound.name}
    approval = make_approval(alice, tool=tool, name="Rye 7")

    for phrase in ("", "rye 7", "Rye 7 "):
        with pytest.raises(decisions.WrongPhrase):
            decide(approval, "approve", alice, phrase=phrase)
    assert (approval.confirm_phrase, state(approval)) == ("Rye 7", ("open", "awaiting"))
    decide(approval, "approve", alice, phrase="Rye 7")

    assert state(approval) == ("approved", "awaiting")


def test_words_that_nobody_knows_let_nobody_approve(alice: User) -> None:
    tool = {"reversible": False, "confirm_phrase": lambda _context, _bound: " "}

    assert state(make_approval(alice, tool=tool)) == ("rejected", "rejected")


def test_a_reason_is_asked_for_where_the_tool_wants_one(alice: User) -> None:
    approval = make_approval(alice, tool={"requires_reason_on": "reject"})

    with pytest.raises(decisions.ReasonNeeded):
        decide(approval, "reject", alice, reason=" ")
    decide(approval, "reject", alice, reason="No flour")


# -- time, stops and what runs -------------------------------------------------------------------


def late(approval: Approval) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Approval.objects.filter(pk=approval.pk).update(expires_at=past)


def test_silence_is_a_no(alice: User) -> None:
    approval = make_approval(alice)
    late(approval)

    with pytest.raises(decisions.ApprovalExpired):
        decide(approval, "approve", alice)
    assert watching.sweep(timezone.now()) == 1
    assert watching.sweep(timezone.now()) == 0

    assert state(approval) == ("expired", "rejected")
    assert approval.decisions.get().decided_by.kind == "clock"
    with pytest.raises(decisions.ApprovalExpired):
        decide(approval, "approve", alice)


def test_silence_can_stop_the_session(alice: User) -> None:
    approval = make_approval(alice, tool={"on_expiry": "block"})
    late(approval)

    watching.sweep(timezone.now())

    assert state(approval) == ("expired", "cancelled")
    assert Invocation.objects.get().error_code == "blocked"


def test_what_is_due_is_raised_once(alice: User) -> None:
    approval = make_approval(alice)
    Approval.objects.update(due_at=timezone.now() - timedelta(seconds=1))

    assert [watching.sweep(timezone.now()) for _ in range(2)] == [1, 0]

    assert state(approval) == ("open", "awaiting")
    assert approval.escalated_at is not None
    assert Event.objects.filter(kind="approval.escalated").count() == 1


def test_what_a_stopped_session_asked_is_withdrawn(alice: User) -> None:
    approval = make_approval(alice)
    session = approval.invocation.session
    told = closing.withdraw_all(session, by=alice, reason="Stopped", at=timezone.now())

    assert {one.kind for one in told} == {"approval.withdrawn", "approval.changed"}
    assert state(approval) == ("withdrawn", "cancelled")
    with pytest.raises(decisions.ApprovalWithdrawn):
        decide(approval, "approve", alice)


def broken_seal(approval: Approval) -> None:
    call = approval.invocation
    kept = bytes(call.sealed)
    call.sealed = kept[:-1] + bytes([kept[-1] ^ 1])


def other_arguments(approval: Approval) -> None:
    other = make_approval(approval.requested_by, loaves=13).invocation
    call = approval.invocation
    call.sealed, call.operation_id, call.digest = other.sealed, other.operation_id, other.digest


def stopped(approval: Approval) -> None:
    approval.invocation.session.status = "cancelled"


def held(approval: Approval) -> None:
    about = controls.Scope("dataset", str(approval.invocation.session.dataset_id))
    by = make_approver("oscar", "operator")
    controls.issue("hold", about, reason="", by=by, at=timezone.now())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (late, "approval_expired"),
        (broken_seal, "arguments_changed"),
        (other_arguments, "arguments_changed"),
        (stopped, "session_over"),
        (held, "held"),
    ],
)
def test_what_changed_since_the_answer_does_not_run(
    alice: User, change: Callable[[Approval], None], code: str
) -> None:
    approval = make_approval(alice)
    decide(approval, "approve", alice)
    gating.check_runnable(approval.invocation, at=timezone.now())

    change(approval)

    with pytest.raises(NotRunnable) as refused:
        gating.check_runnable(approval.invocation, at=timezone.now())
    assert refused.value.code == code


def test_a_hold_lets_nothing_be_asked_for(alice: User) -> None:
    session = make_session(alice)
    Control.objects.create(
        scope="lab", order="hold", issued_by=alice, issued_at=timezone.now(), reason="Stocktaking"
    )

    write = ask(session, make_tool(risk="low"))
    read = ask(session, make_tool("look", risk="low", has_effect=False))

    assert state(write) == ("rejected", "rejected")
    assert state(read) == ("approved", "requested")
    gating.check_runnable(read.invocation, at=timezone.now())


def test_a_seal_opens_for_its_own_call_and_after_a_change_of_the_key(
    settings: Any,
) -> None:
    first = settings.SECRET_KEY
    sealed = sealing.seal(b"12 loaves", bound_to="one")

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-key", [first]
    assert sealing.unseal(sealed, bound_to="one") == b"12 loaves"
    for other, bound_to in ((sealed, "two"), (b"", "one"), (b"\x01" + sealed[2:], "one")):
        with pytest.raises(sealing.SealBroken):
            sealing.unseal(other, bound_to=bound_to)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.SealBroken):
        sealing.unseal(sealed, bound_to="one")
