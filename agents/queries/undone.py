"""What a session's rows say is to be done next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from django.db.models import Max

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Session, Turn
from agents.queries import tools

# Nobody answered, and the question said that silence stops everything.
BLOCKED = "blocked"
SETTLED = frozenset({"cancelled", "failed", "rejected", "succeeded"})


class Next(StrEnum):
    THINK = "think"
    GATE = "gate"
    ACT = "act"
    PARK = "park"
    STOP = "stop"
    SETTLE = "settle"
    END = "end"


def of(session: Session) -> Next:
    """Return what the rows say is undone; the same rows give the same answer."""
    if session.is_ended:
        return Next.END
    turn = last_turn(session)
    if turn is None:
        return Next.THINK
    calls = list(turn.invocations.select_related("approval").order_by("number"))
    pending = [one for one in calls if one.status not in SETTLED]
    return _of_pending(pending) if pending else _of_settled(session, turn, calls)


def last_turn(session: Session) -> Turn | None:
    turns = Turn.objects.filter(attempt__session=session)
    return turns.select_related("attempt").order_by("-pk").first()


def last_message(session: Session) -> int:
    return int(session.messages.aggregate(last=Max("number"))["last"] or 0)


def is_runnable(one: Invocation) -> bool:
    """Whether the call waits for nobody: it may be done, or is refused by now."""
    approval = approval_of(one)
    return (
        one.status in {Invocation.Status.REQUESTED, Invocation.Status.AWAITING}
        and approval is not None
        and approval.status != Approval.Status.OPEN
    )


def approval_of(one: Invocation) -> Approval | None:
    return getattr(one, "approval", None)


def ended_by(calls: Sequence[Invocation]) -> Invocation | None:
    """Return the call that ended the session, if one did: only what was executed counts."""
    known = tools.catalogue()
    done = [one for one in calls if one.status == Invocation.Status.SUCCEEDED]
    ends = [one for one in done if one.tool in known and known[one.tool].terminal]
    return ends[-1] if ends else None


def is_spent(session: Session, message: int) -> bool:
    """Whether the model has been asked as often as the skill allows for one request."""
    asked = Turn.objects.filter(attempt__session=session, after_message=message).count()
    return asked >= SKILLS[session.skill].most_turns


def _of_pending(pending: Sequence[Invocation]) -> Next:
    if any(_is_ungated(one) for one in pending):
        return Next.GATE
    return Next.ACT if any(is_runnable(one) for one in pending) else Next.PARK


def _is_ungated(one: Invocation) -> bool:
    return one.status == Invocation.Status.REQUESTED and approval_of(one) is None


def _of_settled(session: Session, turn: Turn, calls: Sequence[Invocation]) -> Next:
    said = last_message(session)
    if said > turn.after_message:
        return Next.THINK
    if ended_by(calls) is not None or any(one.error_code == BLOCKED for one in calls):
        return Next.SETTLE
    if not calls and turn.attempt.status != "ended":
        return Next.SETTLE
    return Next.SETTLE if is_spent(session, said) else Next.THINK
