from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from agents.services import calling, following
from forecastlab.lib.contributions import JobKind, JobStepPlan, StepContext, StepResult

# A reply of a model may take two minutes, and a tool as long: what waits for people is not counted.
LEASE, LONGEST = 300, 6 * 3600


def _advance(context: StepContext) -> StepResult:
    """Load LangGraph only where sessions are advanced: it takes most of a second."""
    result: StepResult = import_string("agents.graphs.advance.advance")(context)
    return result


SESSION = JobKind(
    name=calling.KIND,
    title="Session of an agent",
    steps=lambda _params: [
        JobStepPlan(
            "advance",
            _advance,
            "Advance the session",
            lease_seconds=LEASE,
            timeout_seconds=LONGEST,
            queue="fast",
        )
    ],
    queue="fast",
    cap=settings.AGENT_SESSIONS_AT_ONCE,
    timeout=timedelta(hours=24),
    observe=following.observe,
    topic=following.topic,
    compensate=following.give_up,
    can_see=following.can_see,
    about=following.about,
    over=following.over,
    # Decided calls are carried out before other sessions begin.
    begin_last=True,
)
