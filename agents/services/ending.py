"""How sessions end: settled by what ran, stopped by a person, or failed."""

from __future__ import annotations

from datetime import datetime

from agents.domain.statuses import INVOCATION, PAUSE
from agents.models import Attempt, Decision, Invocation, Pause, Session
from agents.services import actors, closing, moves
from forecastlab.accounts.models import User
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.moves import after, sources


def cancel(held: Session, reason: str, *, by: User | None, at: datetime) -> None:
    """End a locked session as cancelled: what is not claimed will not run, questions are closed."""
    events = _drop_calls(held, by=by, at=at)
    _close(held, reason, at=at)
    said = moves.Said(reason, by.pk if by else None)
    moves.change(held, "cancel", at=at, said=said, also=events)


def fail(held: Session, reason: str, *, error: tuple[str, str, bool], at: datetime) -> None:
    """End a locked session as failed; `error` is class, code and whether a retry may help."""
    events = _drop_calls(held, by=None, at=at)
    _close(held, reason, at=at, error=error)
    moves.change(held, "fail", at=at, said=moves.Said(reason), also=events)


def close_pauses(held: Session, move: str, *, at: datetime) -> None:
    """Close what a locked session waits for."""
    status = after(PAUSE, "open", move)
    Pause.objects.filter(session=held, status="open").update(status=status, closed_at=at)


def _close(
    held: Session, reason: str, *, at: datetime, error: tuple[str, str, bool] | None = None
) -> None:
    close_pauses(held, "withdraw", at=at)
    for one in Attempt.objects.filter(session=held).exclude(status="ended"):
        if error:
            one.error_class, one.error_code, one.is_retryable = error
        moves.attempt(one, "end", at=at, reason=reason)


def _drop_calls(held: Session, *, by: User | None, at: datetime) -> list[NewEvent]:
    """Withdraw the open questions of a locked session, and cancel what has not begun."""
    told = closing.withdraw_all(held, by=_who(held, by), reason="", at=at)
    idle = Invocation.objects.filter(session=held, status__in=sources(INVOCATION, "cancel"))
    dropped = list(idle.select_for_update(no_key=True).order_by("pk"))
    Invocation.objects.filter(pk__in=[one.pk for one in dropped]).update(
        status=Invocation.Status.CANCELLED, finished_at=at
    )
    return told + [
        NewEvent(held.stream, "invocation.cancelled", {"invocation": one.pk, "tool": one.tool})
        for one in dropped
    ]


def _who(held: Session, by: User | None) -> User:
    """Return who withdraws: nobody answers an approval twice, and the first of two may stop it."""
    answered = Decision.objects.filter(approval__invocation__session=held, decided_by=by)
    return by if by is not None and not answered.exists() else actors.clock_user()
