"""Samples of addresses of sessions, beside those of `tests/access_samples.py`."""

from __future__ import annotations

from uuid import uuid4

from django.test import override_settings
from django.utils import timezone

from agents.models import Attempt, Invocation, Session, Turn
from agents.services import sessions
from forecastlab.accounts.models import User
from tests.access_samples import STREAM_SAMPLES, Sample, guarded_version, sample
from tests.factories import make_run
from tests.knowledge_samples import SAMPLES as SAMPLES


def guarded_session() -> Session:
    """A session over a dataset that only its owner and the group `readers` may see."""
    version = guarded_version()
    with override_settings(FORECASTLAB_LLM="planner"):
        return sessions.start(
            "experiment",
            "Which model is best?",
            by=version.created_by,
            dataset=version.ref,
            trigger="test",
            at=timezone.now(),
        )


def guarded_call() -> Invocation:
    """A call of such a session of which nobody knows what became."""
    session, now = guarded_session(), timezone.now()
    attempt = Attempt.objects.create(
        session=session, number=1, thread_id=uuid4().hex, started_at=now
    )
    turn = Turn.objects.create(
        attempt=attempt, number=1, after_message=1, provider="planner", at=now
    )
    return Invocation.objects.create(
        session=session,
        turn=turn,
        number=1,
        model_call_id="one",
        tool="save_plan",
        status=Invocation.Status.UNKNOWN,
        operation_id=uuid4(),
        requested_at=now,
    )


@sample(
    *("agents:session", "agents:session-actions", "agents:session-asks", "agents:session-say"),
    *("agents:session-stop", "agents:session-retry", "agents:session-retract"),
    "agents:session-delete",
)
def a_session(alice: User) -> Sample:
    return Sample({"pk": guarded_session().pk}, body={"message": "And the worst series?"})


@sample("api:session", "api:session-say", "api:session-stop")
def a_session_of_the_api(alice: User) -> Sample:
    body = {"message": "And the worst series?"}
    return Sample({"number": str(guarded_session().pk)}, body=body)


@sample("api:session-retry", "api:session-retract")
def a_session_to_take_up_again(alice: User) -> Sample:
    return Sample({"number": guarded_session().ref})


@sample("agents:call-settle")
def a_lost_call(alice: User) -> Sample:
    return Sample({"pk": guarded_call().pk}, body={"verdict": "failed", "reason": "I looked"})


@sample("api:call-settle")
def a_lost_call_of_the_api(alice: User) -> Sample:
    body = {"verdict": "failed", "reason": "I looked"}
    return Sample({"number": guarded_call().pk}, body=body)


STREAM_SAMPLES["session"] = lambda: guarded_session().stream
STREAM_SAMPLES["sessions"] = lambda: "sessions.all"


@sample("agents:run-gate")
def a_run_that_asks(alice: User) -> Sample:
    session = guarded_session()
    run = make_run(by=session.requested_by, dataset=session.dataset_version.ref, models=["naive"])
    return Sample({"pk": run.pk, "step": "agent"})
