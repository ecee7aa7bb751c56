"""Giving an order to agents, with what follows from it at once."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from agents.models import Control, Session
from agents.services import controls, moves, sessions, sweeping
from agents.services.controls import Scope
from forecastlab.accounts.models import User


def give(
    order: str,
    about: Scope,
    *,
    reason: str,
    by: User,
    at: datetime,
    expires_at: datetime | None = None,
) -> Control:
    """Give an order; `abort` stops the sessions it is about, `resume` lets those held back go on.

    It stands from the moment it is kept: a session that begins meanwhile finds it. One that waits
    for an answer is left alone.
    """
    made = controls.issue(order, about, reason=reason, by=by, at=at, expires_at=expires_at)
    if order == Control.Order.ABORT:
        told, found = _("Stopped by an order of %s") % by, _about(about)
        moves.lock_all([one.pk for one in found])
        for one in found:
            stop(one, by=by, at=at, reason=told)
    elif order == Control.Order.RESUME:
        held = set(sweeping.held().values_list("pk", flat=True))
        for one in _about(about):
            if one.status != Session.Status.WAITING or one.pk in held:
                sessions.wake(one, at=at)
    return made


def stop(session: Session, *, by: User, at: datetime, reason: str) -> None:
    try:
        sessions.stop(session, by=by, at=at, reason=reason)
    except sessions.SessionEnded:
        return  # somebody was first


def _about(about: Scope) -> list[Session]:
    wanted = {
        "lab": Q(),
        "dataset": Q(dataset=int(about.key)) if about.kind == "dataset" else Q(),
        "actor": Q(actor__username=about.key) | Q(requested_by__username=about.key),
        "ticket": Q(pk=None),
    }[about.kind]
    return list(Session.objects.unfinished().filter(wanted).order_by("pk"))
