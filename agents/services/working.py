"""What one worker knows while it advances a session, and how it takes one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from agents.domain.conversation import ChatModel
from agents.models import Attempt, Session
from agents.queries.undone import Next
from agents.services import ending, invocations, moves, steering
from forecastlab.jobs.models import JobStep
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import StepContext

# Room for the fences of a job below its own number.
FENCES = 1 << 20


class Ahead:
    """What a node that has just committed knows of the next one: it saves asking the rows.

    Only ever a hint: each node looks under the locks of its session what is left to be done.
    """

    def __init__(self) -> None:
        self._known: Next | None = None

    def know(self, next_thing: Next) -> None:
        self._known = next_thing

    def take(self) -> Next | None:
        """Return what is known, once."""
        known, self._known = self._known, None
        return known


@dataclass(frozen=True, slots=True)
class Work:
    """A session in the hands of one worker; `fence` is higher than that of all before."""

    session_id: int
    attempt_id: int
    fence: int
    context: StepContext
    clock: Callable[[], datetime]
    model: ChatModel
    ahead: Ahead = field(default_factory=Ahead)


def begin(context: StepContext, *, model: ChatModel, clock: Callable[[], datetime]) -> Work | None:
    """Take a session up, or return None where it has ended, waits for people or has another job.

    Calls that an earlier worker claimed and did not record become unknown here.
    """
    at = clock()
    with context.fenced():
        session = moves.lock(context.params["session"])
        if session.is_ended or session.job_id != context.job_id:
            return None
        fence = fence_of(context)
        for one in invocations.orphans(session, fence=fence):
            invocations.lose(one, at=at)
        if session.status == Session.Status.WAITING:
            if steering.next_thing(session) is Next.PARK:
                return None
            moves.change(session, "requeue", at=at)
        attempt = _attempt(session, at=at)
        if session.status == Session.Status.QUEUED:
            ending.close_pauses(session, "answer", at=at)
            moves.change(session, "start", at=at)
    barrier("agent-resumed" if attempt.turns.exists() else "agent-taken-up")
    return Work(session.pk, attempt.pk, fence, context, clock, model)


def fence_of(context: StepContext) -> int:
    """Return the fence of the step in hand, with the number of its job in front."""
    step = JobStep.objects.get(job=context.job_id, name=context.step, parent=None)
    return context.job_id * FENCES + step.fence


def _attempt(session: Session, *, at: datetime) -> Attempt:
    alive = session.attempts.exclude(status="ended").first()
    if alive is None:
        number = session.attempts.count() + 1
        return Attempt.objects.create(
            session=session, number=number, thread_id=uuid4().hex, started_at=at
        )
    return moves.attempt(alive, "resume", at=at) if alive.status == "parked" else alive
