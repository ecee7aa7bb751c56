"""Advancing a session until it is settled, waits for people, or has ended: one step of its job."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import psycopg
from django.utils import timezone
from langgraph.types import Command

from agents.gateways import chat_models, checkpoints
from agents.graphs import graph
from agents.models import Session
from agents.services import moves, working
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import (
    Done,
    StepContext,
    StepFailed,
    StepResult,
    Transient,
    Waiting,
)

# Above every path that a skill's turns allow; a loop ends here rather than never.
MOST_STEPS = 500
# What the connections to the bookmarks raise, which are not Django's.
LOST = (psycopg.OperationalError, psycopg.InterfaceError)


def advance(context: StepContext) -> StepResult:
    """Take the session up where its rows stand, with a bookmark or without one."""
    model = chat_models.configured()
    work = working.begin(context, model=model, clock=timezone.now)
    if work is not None:
        try:
            _run(work)
            if moves.glance(work.session_id).is_ended:
                checkpoints.forget([work.thread_id])
        except LOST as error:
            checkpoints.close()
            raise Transient("The bookmarks of LangGraph cannot be reached.") from error
    barrier("agent-before-giving-back")
    return _result(context)


def _run(work: working.Work) -> None:
    config: Any = {"configurable": {"thread_id": work.thread_id}, "recursion_limit": MOST_STEPS}
    compiled = _compiled()
    # Where a worker died inside a node the graph begins again, and asks the rows for the way.
    given: Any = {"session_id": work.session_id, "attempt_id": work.attempt_id}
    if not work.is_new and compiled.get_state(config).interrupts:
        given = Command(resume=True)
    compiled.invoke(given, config, context=work, durability="sync")


@lru_cache(maxsize=1)
def _graph() -> Any:
    return graph.build()


def _compiled() -> Any:
    return _graph().compile(checkpointer=checkpoints.saver())


def _result(context: StepContext) -> StepResult:
    session = moves.glance(context.params["session"])
    if session.job_id != context.job_id:
        return Done(f"Job {session.job_id} goes on with it", {"session": session.pk})
    if session.is_ended:
        told = f"{session.outcome or session.status}: {session.outcome_reason}".strip(": ")
        return Done(told, {"session": session.pk, "outcome": session.outcome})
    if session.status in {Session.Status.WAITING, Session.Status.QUEUED}:
        return Waiting(session.status_reason)
    raise StepFailed(f"{session.ref} was left as {session.status}, with nobody at work on it.")
