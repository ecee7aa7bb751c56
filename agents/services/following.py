"""What a session's job means for the session: it ends with a job that cannot go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from agents.models import Session
from agents.services import ending, invocations, moves
from forecastlab.lib.contributions import JobChange, Json, NewEvent, StepContext


def observe(change: JobChange) -> Sequence[NewEvent]:
    """Fail or cancel the session whose job has; in the transaction that ends the job."""
    if change.step is not None or change.status not in {"failed", "cancelled"}:
        return ()
    found = Session.objects.select_for_update(no_key=True).filter(pk=change.params["session"])
    session = found.first()
    if session is None or session.is_ended or session.job_id != change.job_id:
        return ()
    if change.status == "cancelled":
        ending.cancel(session, _("Its job was stopped"), by=None, at=change.at)
    else:
        known = ("StepFailed", change.code or "failed", change.code == "gave_up")
        ending.fail(session, change.detail, error=known, at=change.at)
    return ()


def give_up(context: StepContext) -> None:
    """Say of what was claimed in a job that has failed or was stopped that its end is unknown."""
    with context.fenced():
        session = moves.lock(context.params["session"])
        for one in invocations.orphans(session, fence=-1):
            invocations.lose(one, at=context.now)


def can_see(user: Any, params: Json) -> bool:
    return Session.objects.visible_to(user).filter(pk=params["session"]).exists()


def over(params: Json) -> str:
    found = Session.objects.filter(pk=params["session"]).values_list("dataset__name", flat=True)
    return found.first() or ""


def about(params: Json) -> str:
    found = Session.objects.filter(pk=params["session"]).values_list("ref", flat=True).first()
    return found or ""


def topic(params: Json) -> str:
    return f"session.{params['session']}"
