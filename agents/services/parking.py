"""Letting a session wait for people, without a worker."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Approval, Attempt, Invocation, Pause
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import held_back, moves, steering
from agents.services.working import Work
from forecastlab.lib.barriers import barrier


def park(work: Work) -> None:
    """Let a session wait, with one open pause for what people must decide or say."""
    at = work.clock()
    with work.context.fenced():
        session = moves.lock(work.session_id)
        history = History(session)
        if steering.next_thing(history) is not Next.PARK:
            return
        moves.attempt(Attempt.objects.get(pk=work.attempt_id), "park", at=at)
        kind, reason = _why(history, at=at)
        if kind:
            _open(history, kind, reason, at=at)
        moves.change(session, "park", at=at, said=moves.Said(reason))
    barrier("agent-parked")


def _why(history: History, *, at: datetime) -> tuple[str, str]:
    """Return the kind of pause, none for an order of people, and what is waited for."""
    unknown = [one for one in history.calls() if one.status == Invocation.Status.UNKNOWN]
    if unknown:
        return Pause.Kind.INPUT, _("Nobody knows what became of %s: say what happened.") % (
            unknown[0].tool
        )
    asked = (
        Approval.objects.open().filter(invocation__turn=history.last_turn).order_by("pk").first()
    )
    if asked is not None:
        return Pause.Kind.APPROVAL, _("Waits for a decision: %s") % asked.title
    return "", held_back.why(history.session, at=at)


def _open(history: History, kind: str, question: str, *, at: datetime) -> None:
    session, turn = history.session, history.last_turn
    already = Pause.objects.filter(session=session, status="open").exists()
    if turn is not None and not already:
        Pause.objects.create(session=session, turn=turn, kind=kind, question=question, opened_at=at)
