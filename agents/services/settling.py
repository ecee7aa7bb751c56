"""Ending a session that has nothing left to do."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.domain import outcomes
from agents.models import Attempt, Invocation
from agents.queries import undone
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import actors, ending, moves
from agents.services.working import Work
from forecastlab.lib.barriers import barrier


def settle(work: Work) -> None:
    """End the attempt and the session, with the outcome that the executed calls give."""
    barrier("agent-before-settle")
    at = work.clock()
    with work.context.fenced():
        session = moves.lock(work.session_id)
        history = History(session)
        if undone.of(history) is not Next.SETTLE:
            return
        settled = outcomes.infer(_proposals(history), otherwise=_otherwise(history))
        session.outcome = settled.outcome
        session.outcome_reason = settled.reason[:2000]
        session.outcome_data = dict(settled.data)
        moves.attempt(Attempt.objects.get(pk=work.attempt_id), "end", at=at)
        moves.change(session, "succeed", at=at, said=moves.Said(settled.reason, session.actor_id))
    barrier("agent-settled")


def abort(work: Work) -> None:
    """End a session that an order of people stops."""
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if not session.is_ended:
            why = _("Aborted by an order of people")
            ending.cancel(session, why, by=actors.clock_user(), at=work.clock())


def _proposals(history: History) -> list[dict[str, object]]:
    """Return what the calls proposed that succeeded since a person last said something."""
    answers = [one for one in history.turns if one.after_message == history.last_message]
    calls = [call for turn in answers for call in turn.invocations.all()]
    done = [one for one in calls if one.status == Invocation.Status.SUCCEEDED]
    return [one.proposal for one in sorted(done, key=lambda one: one.pk) if one.proposal]


def _otherwise(history: History) -> str:
    """Say why nothing ended the session."""
    turn = history.last_turn
    blocked = [one for one in history.calls() if one.error_code == undone.BLOCKED]
    said: str = turn.text.strip() if turn else ""
    if blocked:
        said = _("Nobody answered in time whether %s may be done.") % blocked[0].tool
    elif undone.is_spent(history):
        said = _("The model was asked as often as this skill allows.")
    return said or _("No tool that ends a session was run.")
