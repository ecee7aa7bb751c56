"""What agents must never get wrong, as programs see it: by the API, and done by workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from agents.agent_tools import mark_resolved
from agents.domain import gate
from agents.domain.gate import Around, Facts
from agents.domain.skills import SKILLS
from agents.models import ActionPolicy, Approval, Decision, Invocation, Session, Turn
from agents.queries import tools
from agents.services import gating
from forecastlab.accounts.models import IdempotencyKey
from forecastlab.events.models import Event
from forecastlab.jobs.models import JobStep
from forecastlab.lib import registry
from tests.agents.door import Door, approver, effects, planner
from tests.agents.factories import advance, make_judged
from tests.agents.fake_chat import ENDS, FakeChat
from tests.factories import claim_job, expire_lease, make_user, make_version
from tests.jobs_lab.agent_tools import LAB, lab_write

pytestmark = pytest.mark.django_db(transaction=True)

GATED = "lab_look a; lab_write b; mark_resolved"
TWO = "lab_write first | lab_write second; mark_resolved"


@pytest.fixture
def alice(db: None) -> Door:
    return planner()


@pytest.fixture
def dora(db: None) -> Door:
    return approver()


# -- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "done"),
    [(("approve", "reject"), ["first"]), (("reject", "approve"), ["second"])],
)
def test_of_two_calls_of_a_turn_each_gets_its_own_answer(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path, verdicts: tuple[str, str], done: Any
) -> None:
    session = alice.ask(TWO)

    for approval, verdict in zip(alice.asked(session), verdicts, strict=True):
        assert dora.decide(approval, verdict, reason="so").status_code == 200
    advance(session)

    states = {"approve": "succeeded", "reject": "rejected"}
    assert alice.calls(session)[:2] == [("lab_write", states[one]) for one in verdicts]
    assert effects(tmp_path) == done


def test_an_answer_to_the_wrong_question_is_refused_and_nothing_runs(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    session = alice.ask(TWO)
    first, second = alice.asked(session)
    digest = dora.read("approval-read", first)["digest"]

    nowhere = dora.decide(999_999, "approve")
    swapped = dora.decide(second, "approve", digest=digest)
    assert dora.decide(first, "reject").status_code == 200
    decided = dora.decide(first, "approve")
    advance(session)

    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_approval")
    assert (swapped.status_code, swapped.json()["code"]) == (409, "approval_changed")
    assert (decided.status_code, decided.json()["code"]) == (409, "decided_already")
    assert effects(tmp_path) == []
    assert alice.asked(session) == [second]


def test_every_kind_of_pause_takes_answers_of_its_own_kind_alone(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    session = alice.ask(GATED)
    (approval,) = alice.asked(session)
    call = session.invocations.get(tool="lab_write").pk
    said = {"verdict": "succeeded", "reason": "I think so"}

    note = alice.tell("session-say", session.pk, message="approved")
    settled = dora.tell("call-settle", call, **said)
    assert dora.decide(approval, "approve").status_code == 200
    Invocation.objects.filter(pk=call).update(status="claimed", fence=1, claimed_at=timezone.now())
    advance(session)
    decided = dora.decide(approval, "approve")
    words = alice.tell("session-say", session.pk, message="it worked")

    assert (note.status_code, note.json()["code"]) == (409, "awaits_decision")
    assert (settled.status_code, settled.json()["code"]) == (409, "not_unknown")
    assert (decided.status_code, words.status_code) == (409, 409)
    assert alice.calls(session)[1] == ("lab_write", "unknown")
    assert effects(tmp_path) == []


def test_after_a_stop_an_answer_is_refused_and_nothing_runs(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    session = alice.ask(TWO)
    first, second = alice.asked(session)
    assert dora.decide(first, "approve").status_code == 200

    assert alice.tell("session-stop", session.pk).status_code == 200
    late = dora.decide(second, "approve")
    advance(session)

    assert (late.status_code, late.json()["code"]) == (409, "approval_withdrawn")
    assert alice.look(session)["status"] == "cancelled"
    assert alice.calls(session) == [("lab_write", "cancelled")] * 2
    assert effects(tmp_path) == []


def test_an_approved_call_runs_and_its_session_ends_with_an_event(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    session = alice.ask(GATED)
    held = JobStep.objects.filter(job=session.job_id).exclude(worker="", lease_until=None)
    assert not held.exists()

    dora.decide(alice.asked(session)[0], "approve")
    advance(session)

    told = alice.look(session)
    assert (told["status"], told["outcome"], told["open_approvals"]) == (
        "succeeded",
        "resolved",
        [],
    )
    assert effects(tmp_path) == ["b"]
    kinds = alice.kinds(session)
    assert kinds[-1] == "session.succeeded"
    assert "approval.approved" in kinds
    assert Invocation.objects.get(tool="lab_write").approval.status == "approved"


def test_a_rejected_call_is_nowhere_told_as_done_and_closes_no_session(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    ada = make_user("ada", role="admin")
    ActionPolicy.objects.create(
        tool=mark_resolved.name, version=1, risk="high", made_by=ada, made_at=timezone.now()
    )
    session = alice.ask("lab_write a | mark_resolved; -")
    assert alice.look(session)["status"] == "waiting"

    for approval in alice.asked(session):
        assert dora.decide(approval, "reject", reason="No").status_code == 200
    advance(session)

    told = alice.look(session)
    assert (told["status"], told["outcome"]) == ("succeeded", "needs_review")
    assert [(one["state"], one["result"]) for one in told["invocations"]] == [
        ("rejected", None),
        ("rejected", None),
    ]
    assert not any(kind.startswith("invocation.succeeded") for kind in alice.kinds(session))
    assert effects(tmp_path) == []


def test_what_tools_did_before_keeps_no_later_call_from_asking(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"hypotheses": ["A promotion ended."], "confidence": 0.8}
    monkeypatch.setitem(ENDS, "submit_hypothesis", found)
    session = alice.ask("submit_hypothesis | lab_jot a | lab_write b; lab_write c; mark_resolved")

    assert alice.look(session)["status"] == "waiting"
    assert effects(tmp_path) == ["a"]
    for _ in "bc":
        (approval,) = alice.asked(session)
        dora.decide(approval, "approve")
        advance(session)

    assert effects(tmp_path) == ["a", "b", "c"]
    findings = alice.look(session)["outcome_data"]["findings"]
    assert findings[0]["data"]["hypotheses"] == ["A promotion ended."]


def test_an_invented_tool_is_a_failed_call_and_no_outcome(chat: FakeChat, alice: Door) -> None:
    session = alice.ask("mark_resolved_now x | Mark_Resolved x | mark_resolved: x; -")

    told = alice.look(session)
    assert {state for _tool, state in alice.calls(session)} == {"failed"}
    assert (told["status"], told["outcome"]) == ("succeeded", "needs_review")
    assert not Approval.objects.exists()


# -- where it runs --------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_production_people_are_asked_about_every_effect_at_medium_risk(settings: Any) -> None:
    """The tools that are shipped, and a plan that our own rules ask for."""
    settings.FORECASTLAB_ENVIRONMENT = "production"
    alice = make_user()
    make_judged(alice)
    client = Door(alice)

    session = client.ask(
        "Save a plan with a 10% price cut for the weakest series",
        skill="experiment",
        dataset="shop",
    )

    (number,) = client.asked(session)
    shown = client.read("approval-read", number)
    assert (shown["tool"], shown["lane"], shown["status"]) == ("save_plan", "inline", "open")
    assert "environment" in {one["code"] for one in shown["reasons"]}
    risky = [one for one in tools.catalogue().values() if one.risk != "low"]
    assert len(risky) >= 5
    best = Around("production", is_reviewer_asking=True, confidence=1.0)
    for tool in risky:
        ruling = gate.judge(gating.rule_of(tool, None), Facts(phrase="shop"), best)
        assert "environment" in {one.code for one in ruling.reasons}, tool.name
        assert ruling.lane in ({"review"} if tool.risk == "high" else {"inline", "review"})


def test_a_sure_tool_at_medium_risk_runs_by_itself_in_demo_and_asks_in_production(
    chat: FakeChat,
    alice: Door,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sure = replace(lab_write, name="lab_sure", base_score=100)
    allowed = replace(LAB, tools=(*LAB.tools, "lab_sure"))
    monkeypatch.setitem(SKILLS, LAB.name, allowed)
    with registry.contributing("agent_tools", sure):
        there = alice.ask("lab_sure a; mark_resolved")
        settings.FORECASTLAB_ENVIRONMENT = "production"
        here = alice.ask("lab_sure b; mark_resolved")

    assert alice.calls(there)[0] == ("lab_sure", "succeeded")
    assert alice.calls(here) == [("lab_sure", "awaiting")]
    assert effects(tmp_path) == ["a"]


@pytest.mark.parametrize("environment", ["", "prod"])
def test_without_an_environment_no_effect_happens_even_if_it_was_approved(
    chat: FakeChat, alice: Door, dora: Door, settings: Any, tmp_path: Path, environment: str
) -> None:
    approved = alice.ask("lab_write early; -")
    dora.decide(alice.asked(approved)[0], "approve")
    settings.FORECASTLAB_ENVIRONMENT = environment

    advance(approved)
    session = alice.ask("lab_look a | lab_jot b | lab_write c; -")

    assert alice.calls(approved) == [("lab_write", "rejected")]
    assert alice.calls(session) == [
        ("lab_look", "succeeded"),
        ("lab_jot", "rejected"),
        ("lab_write", "rejected"),
    ]
    assert alice.asked(session) == []
    assert "FORECASTLAB_ENVIRONMENT" in alice.look(session)["invocations"][1]["detail"]
    assert effects(tmp_path) == []


# -- what fails on the way ------------------------------------------------------------------------


def test_a_failed_start_frees_its_key_and_another_request_may_not_use_it(
    chat: FakeChat, alice: Door, settings: Any
) -> None:
    given = {"skill": "lab", "message": "lab_look a", "dataset": "shop", "key": "one"}

    missing = alice.tell("session-start", **given)
    settings.FORECASTLAB_LLM = "none"
    make_version(by=make_user("owner"))
    without = alice.tell("session-start", **given)
    assert not IdempotencyKey.objects.exists()
    settings.FORECASTLAB_LLM = "openai"
    started = alice.tell("session-start", **given)
    again = alice.tell("session-start", **given)
    other = alice.tell("session-start", **{**given, "message": "lab_look b"})

    assert (missing.status_code, without.status_code) == (404, 503)
    assert (started.status_code, again.status_code) == (201, 201)
    assert started.json()["session"] == again.json()["session"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert Session.objects.count() == 1


def test_a_retry_repeats_no_call_that_was_done(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path
) -> None:
    session = alice.ask("lab_jot a | lab_write b; lab_jot c; mark_resolved")
    chat.refusals.append((401, {"error": {"message": "no such key"}}))
    dora.decide(alice.asked(session)[0], "approve")
    assert advance(session).status == "failed"

    assert alice.tell("session-retry", session.pk).status_code == 200
    advance(session)

    assert (session.outcome, session.attempts.count()) == ("resolved", 2)
    assert effects(tmp_path) == ["a", "b", "c"]


@contextmanager
def losing(statement: str) -> Iterator[None]:
    """Let one kind of statement fail, as it does when the disk is full."""

    def lose(execute: Any, sql: str, *given: Any) -> Any:
        if f"{statement} " in " ".join(sql.lower().replace('"', "").split()):
            raise DatabaseError("no space left on device")
        return execute(sql, *given)

    with connection.execute_wrapper(lose):
        yield


@pytest.mark.parametrize(
    "statement",
    [
        "insert into events_event",
        "update agents_session",
        "update agents_approval",
        "insert into agents_decision",
    ],
)
def test_an_answer_that_is_not_stored_leaves_no_event_and_no_half(
    chat: FakeChat, alice: Door, dora: Door, tmp_path: Path, statement: str
) -> None:
    session = alice.ask(GATED)
    (approval,) = alice.asked(session)
    told = Event.objects.count()

    with losing(statement):
        answer = dora.decide(approval, "approve")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "device" not in answer.content.decode()
    assert (Event.objects.count(), Decision.objects.filter(approval=approval).count()) == (told, 0)
    assert advance(session).status == "waiting"
    assert effects(tmp_path) == []
    assert dora.decide(approval, "approve").status_code == 200
    advance(session)
    assert (session.outcome, effects(tmp_path)) == ("resolved", ["b"])


def test_a_worker_that_lost_its_session_while_the_model_spoke_stores_nothing(
    chat: FakeChat, alice: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = chat.answer

    def taken_over(path: str, body: dict[str, Any]) -> dict[str, Any]:
        job = Session.objects.get().job
        assert job is not None
        expire_lease(job)
        now = timezone.now()
        JobStep.objects.filter(job=job).update(status="pending", lease_until=None, due_at=now)
        claim_job(job)
        connection.close()
        return answered(path, body)

    monkeypatch.setattr(chat, "answer", taken_over)
    session = alice.ask(GATED)

    assert (Turn.objects.count(), Invocation.objects.count()) == (0, 0)
    assert alice.kinds(session) == ["session.created", "session.running"]


@pytest.mark.parametrize("table", ["agents_control", "agents_budgetperiod", "agents_actionpolicy"])
def test_what_cannot_be_read_lets_nothing_happen(
    chat: FakeChat, alice: Door, tmp_path: Path, table: str
) -> None:
    with losing(f"from {table}"):
        session = alice.ask("lab_jot a; mark_resolved")

    assert effects(tmp_path) == []
    assert session.outcome in {"", "needs_review"}


# -- what is shown --------------------------------------------------------------------------------


def test_the_score_that_is_shown_is_the_stored_one_and_the_sum_of_its_factors(
    chat: FakeChat, alice: Door
) -> None:
    session = alice.ask("lab_write a")
    (number,) = alice.asked(session)
    stored = Approval.objects.get(pk=number)

    told = alice.read("approval-read", number)
    page = alice.get(stored.get_absolute_url()).content.decode()

    assert told["score"] == stored.score == sum(one["points"] for one in told["factors"])
    assert [one["points"] for one in told["factors"]] == [one["points"] for one in stored.factors]
    assert f"{stored.score}" in page
