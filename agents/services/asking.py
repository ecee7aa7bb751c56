"""Asking, for every call of a turn, whether it may happen."""

from __future__ import annotations

from datetime import datetime

from agents.models import Approval, Invocation, Session
from agents.queries.undone import Next
from agents.services import gating, invocations, moves, sealed_calls, seeing
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
        asked = asked.select_related("turn")
        found = list(asked.select_for_update(no_key=True, of=("self",)).order_by("pk"))
        for one in found:
            one.session = session
        lanes = [(one, _ask(one, session, work, at=at)) for one in found]
    if runnable := [one for one, lane in lanes if lane == Approval.Lane.AUTO]:
        work.ahead.know(Next.ACT, runnable)
    barrier("agent-after-gate")


def _ask(one: Invocation, session: Session, work: Work, *, at: datetime) -> str:
    """Return the lane; none for a call that came to nothing."""
    try:
        call = sealed_calls.opened(one, session=session, work=work)
        with seeing.bounded(call.tool):
            return gating.ask(one, call.tool, call.bound, call.context, at=at).lane
    except HouseError as error:
        status = invocations.refuse(one, error, at=at)
        log.append([invocations.event(one, status)], actor_id=session.actor_id, at=at)
        return ""
