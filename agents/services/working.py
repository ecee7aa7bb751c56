"""What one worker knows while it advances a session, and how it takes one up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from agents.domain.conversation import ChatModel
from agents.models import Attempt, Invocation, Session
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import ending, invocations, moves, steering
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import StepContext

# Room for the fences of a job below its own number.
FENCES = 1 << 20


class Ahead:
    """What a node that has just committed knows of the next one: it saves asking the rows.

    Only ever a hint: each node looks under the locks of its session what is left to be done. What
    is known is given out once, so that a node which runs again asks the rows.
    """

    def __init__(self) -> None:
        self._next: Next | None = None
        self._calls: Sequence[Invocation] = ()
        self._history: History | None = None

    def know(self, next_thing: Next, calls: Sequence[Invocation] = ()) -> None:
        """Keep what is next: with the calls that wait for nobody where it is ACT."""
        self._next, self._calls = next_thing, calls

    def keep(self, history: History) -> None:
        """Keep the rows from which it was found out that a turn is next."""
        self._history = history

    def take_next(self) -> Next | None:
        known, self._next = self._next, None
        return known

    def take_calls(self) -> Sequence[Invocation]:
        calls, self._calls = self._calls, ()
        return calls

    def take_history(self) -> History | None:
        history, self._history = self._history, None
        return history


@dataclass(frozen=True, slots=True)
class Work:
    """A session in the hands of one worker; `fence` is higher than that of all before.

    `is_new`: nobody has worked on this attempt before, so it has no bookmark either.
    """

    session_id: int
    attempt_id: int
    thread_id: str
    is_new: bool
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
            if steering.next_thing(History(session)) is Next.PARK:
                return None
            moves.change(session, "requeue", at=at)
        attempt, is_new = _attempt(session, at=at)
        if session.status == Session.Status.QUEUED:
            ending.close_pauses(session, "answer", at=at)
            moves.change(session, "start", at=at)
    barrier("agent-taken-up" if is_new else "agent-resumed")
    return Work(session.pk, attempt.pk, attempt.thread_id, is_new, fence, context, clock, model)


def fence_of(context: StepContext) -> int:
    """Return the fence of the step in hand, with the number of its job in front."""
    return context.job_id * FENCES + context.fence


def _attempt(session: Session, *, at: datetime) -> tuple[Attempt, bool]:
    """Return the attempt that is alive, and whether it begins here."""
    found = list(session.attempts.order_by("number"))
    alive = [one for one in found if one.status != "ended"]
    if not alive:
        began = Attempt(
            session=session, number=len(found) + 1, thread_id=uuid4().hex, started_at=at
        )
        began.save()
        return began, True
    (held,) = alive
    return (moves.attempt(held, "resume", at=at) if held.status == "parked" else held), False
