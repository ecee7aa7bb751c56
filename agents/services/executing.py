"""Doing what may be done: checked again, claimed, called outside any transaction, recorded."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from agents.models import Invocation
from agents.queries import undone
from agents.services import gating, invocations, moves, sealed_calls, seeing
from agents.services.deadlines import Deadline, ToolTimeout
from agents.services.invocations import Doubt, Failure
from agents.services.sealed_calls import OpenCall
from agents.services.working import Work
from forecastlab.events.services import log
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import LeaseLost, StepCancelled, ToolResult
from forecastlab.lib.errors import HouseError

# Whoever lost the session does not say how a call ended: who has it now finds it claimed.
NOT_OURS = (LeaseLost, StepCancelled)
# What may pass by waiting: the call stays as it is.
PASSING = ("held", "no_budget")


def act(work: Work) -> None:
    """Do every call of the last turn that waits for nobody, one after the other."""
    for one in work.ahead.take_calls() or undone.runnable(work.session_id):
        _do(one, work)


def _do(one: Invocation, work: Work) -> None:
    call = _claimed(one, work)
    if call is None:
        return
    barrier("agent-claimed")
    began = time.monotonic()
    outcome = _called(call, work)
    seconds = time.monotonic() - began
    barrier("agent-effect-done")
    invocations.record(one, outcome, fence=work.fence, seconds=seconds, at=work.clock())
    barrier("agent-recorded")


def _claimed(one: Invocation, work: Work) -> OpenCall | None:
    """Check a call again and claim it under the locks of its session; None if it may not run."""
    at = work.clock()
    with work.context.fenced():
        session = moves.lock(work.session_id)
        if session.is_ended:
            return None  # its end has dropped what had not begun
        held = Invocation.objects.select_for_update(no_key=True, of=("self",)).get(pk=one.pk)
        held.session = session
        try:
            gating.check_runnable(held, at=at)
            opened = sealed_calls.opened(held, session=session, work=work)
            with seeing.bounded(opened.tool):
                call = seeing.unchanged(opened, held.approval)
        except HouseError as error:
            if error.code not in PASSING:
                _refuse(held, error, at=at)
            return None
        return call if invocations.claim(held, fence=work.fence, at=at) else None


def _refuse(one: Invocation, error: HouseError, *, at: datetime) -> None:
    status = invocations.refuse(one, error, at=at)
    log.append([invocations.event(one, status)], actor_id=one.session.actor_id, at=at)


def _called(call: OpenCall, work: Work) -> ToolResult | Failure | Doubt:
    """Make a call within its time; late, it has failed only where nothing of it was committed."""
    if call.tool.has_effect:
        work.context.report(text=call.tool.name)
    deadline = Deadline(call.tool.timeout_seconds)
    context = replace(call.context, report=deadline.watched(call.context.report))
    try:
        with deadline.bounded():
            return call.tool.call(context, call.bound)
    except NOT_OURS:
        raise
    except ToolTimeout as error:
        failure = Failure.of(error)
        return Doubt(failure) if call.tool.has_effect and deadline.has_committed else failure
    except HouseError as error:
        return Failure.of(error)
