"""Letting a session wait for people, without a worker."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Approval, Attempt, Invocation, Pause, Session
from agents.queries import undone
from agents.queries.undone import Next
from agents.services import moves, steering
from agents.services.working import Work
from forecastlab.lib.barriers import barrier


def park(work: Work) -> None:
    """Let a session wait, with one open pause for what people must decide or say."""
    at = work.clock()
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if steering.next_thing(session) is not Next.PARK:
            return
        moves.attempt(Attempt.objects.get(pk=work.attempt_id), "park", at=at)
        kind, reason = _why(session)
        if kind:
            _open(session, kind, reason, at=at)
        moves.change(session, "park", at=at, said=moves.Said(reason))
    barrier("agent-parked")


def _why(session: Session) -> tuple[str, str]:
    """Return the kind of pause, none for an order of people, and what is waited for."""
    turn = undone.last_turn(session)
    calls = turn.invocations.all() if turn else Invocation.objects.none()
    unknown = calls.filter(status=Invocation.Status.UNKNOWN).first()
    if unknown is not None:
        return Pause.Kind.INPUT, _("Nobody knows what became of %s: say what happened.") % (
            unknown.tool
        )
    asked = Approval.objects.open().filter(invocation__turn=turn).order_by("pk").first()
    if asked is not None:
        return Pause.Kind.APPROVAL, _("Waits for a decision: %s") % asked.title
    return "", _("Held back by an order of people, or by the budget.")


def _open(session: Session, kind: str, question: str, *, at: datetime) -> None:
    turn = undone.last_turn(session)
    already = Pause.objects.filter(session=session, status="open").exists()
    if turn is not None and not already:
        Pause.objects.create(session=session, turn=turn, kind=kind, question=question, opened_at=at)
