"""Asking, for every call of a turn, whether it may happen."""

from __future__ import annotations

from datetime import datetime

from agents.models import Invocation, Session
from agents.services import gating, invocations, moves, sealed_calls
from agents.services.working import Work
from forecastlab.events.services import log
from forecastlab.lib.barriers import barrier
from forecastlab.lib.errors import HouseError


def ask(work: Work) -> None:
    """Put every new call of the last turn before the gate, in one transaction."""
    at = work.clock()
    barrier("agent-before-gate")
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if session.is_ended:
            return
        asked = session.invocations.filter(status=Invocation.Status.REQUESTED, approval=None)
        for one in asked.select_for_update(no_key=True, of=("self",)).order_by("pk"):
            _ask(one, session, work, at=at)
    barrier("agent-after-gate")


def _ask(one: Invocation, session: Session, work: Work, *, at: datetime) -> None:
    try:
        call = sealed_calls.opened(one, session=session, work=work)
        gating.ask(one, call.tool, call.bound, call.context, at=at)
    except HouseError as error:
        status = invocations.refuse(one, error, at=at)
        log.append([invocations.event(one, status)], actor_id=session.actor_id, at=at)
