"""What a session's rows say is to be done next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation
from agents.queries import tools
from agents.queries.histories import History

# Nobody answered, and the question said that silence stops everything.
BLOCKED = "blocked"
SETTLED = frozenset({"cancelled", "failed", "rejected", "succeeded"})
_WAITING = frozenset({"requested", "awaiting"})


class Next(StrEnum):
    THINK = "think"
    GATE = "gate"
    ACT = "act"
    PARK = "park"
    STOP = "stop"
    SETTLE = "settle"
    END = "end"


def of(history: History) -> Next:
    """Return what the rows say is undone; the same rows give the same answer."""
    if history.session.is_ended:
        return Next.END
    turn = history.last_turn
    if turn is None:
        return Next.THINK
    pending = [one for one in history.calls() if one.status not in SETTLED]
    if pending:
        return _of_pending(pending)
    # People may have said something since the model was asked for the turn.
    unheard = history.last_message > turn.after_message
    return Next.THINK if unheard else _of_settled(history)


def runnable(session_id: int) -> Sequence[Invocation]:
    """Return the calls of a session that wait for nobody; only its last turn has such."""
    waiting = Invocation.objects.filter(session=session_id, status__in=_WAITING)
    return list(waiting.exclude(approval=None).exclude(approval__status="open").order_by("pk"))


def is_runnable(one: Invocation) -> bool:
    """Whether the call waits for nobody: it may be done, or is refused by now."""
    approval = approval_of(one)
    return (
        one.status in _WAITING and approval is not None and approval.status != Approval.Status.OPEN
    )


def approval_of(one: Invocation) -> Approval | None:
    return getattr(one, "approval", None)


def ended_by(calls: Sequence[Invocation]) -> Invocation | None:
    """Return the call that ended the session, if one did: only what was executed counts."""
    known = tools.catalogue()
    done = [one for one in calls if one.status == Invocation.Status.SUCCEEDED]
    ends = [one for one in done if one.tool in known and known[one.tool].terminal]
    return ends[-1] if ends else None


def is_spent(history: History) -> bool:
    """Whether the model has been asked as often as the skill allows for the last request."""
    most = SKILLS[history.session.skill].most_turns
    return history.asked(history.last_message) >= most


def _of_pending(pending: Sequence[Invocation]) -> Next:
    if any(_is_ungated(one) for one in pending):
        return Next.GATE
    return Next.ACT if any(is_runnable(one) for one in pending) else Next.PARK


def _is_ungated(one: Invocation) -> bool:
    return one.status == Invocation.Status.REQUESTED and approval_of(one) is None


def _of_settled(history: History) -> Next:
    turn, calls = history.last_turn, history.calls()
    if ended_by(calls) is not None or any(one.error_code == BLOCKED for one in calls):
        return Next.SETTLE
    if not calls and turn is not None and turn.attempt.status != "ended":
        return Next.SETTLE
    return Next.SETTLE if is_spent(history) else Next.THINK
