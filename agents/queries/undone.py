"""What a session's rows say is to be done next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from django.db.models import Exists, Max, OuterRef, QuerySet

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Message, Session, Turn
from agents.queries import tools

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


def of(session: Session) -> Next:
    """Return what the rows say is undone; the same rows give the same answer."""
    if session.is_ended:
        return Next.END
    turn = _turns(session).annotate(unheard=_unheard()).first()
    if turn is None:
        return Next.THINK
    calls = list(turn.invocations.select_related("approval").order_by("number"))
    pending = [one for one in calls if one.status not in SETTLED]
    if pending:
        return _of_pending(pending)
    return Next.THINK if turn.unheard else _of_settled(session, turn, calls)


def last_turn(session: Session) -> Turn | None:
    return _turns(session).first()


def _turns(session: Session) -> QuerySet[Turn]:
    turns = Turn.objects.filter(attempt__session=session)
    return turns.select_related("attempt").order_by("-pk")


def _unheard() -> Exists:
    """Whether people have said something since the model was asked for a turn."""
    later = Message.objects.filter(session=OuterRef("attempt__session"))
    return Exists(later.filter(number__gt=OuterRef("after_message")))


def last_message(session: Session) -> int:
    return int(session.messages.aggregate(last=Max("number"))["last"] or 0)


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
    if ended_by(calls) is not None or any(one.error_code == BLOCKED for one in calls):
        return Next.SETTLE
    if not calls and turn.attempt.status != "ended":
        return Next.SETTLE
    return Next.SETTLE if is_spent(session, turn.after_message) else Next.THINK
