"""Telling a run what became of the sessions that its rows started."""

from __future__ import annotations

import logging
from datetime import datetime

from agents.models import Session
from agents.queries import run_sessions
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib import sweeps
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import HouseError
from showcase.models import StepRun
from showcase.services import afterwards

logger = logging.getLogger(__name__)

LOCK = "agents.runs"
WAITING = Session.Status.WAITING


def follow(session_id: int, *, at: datetime) -> None:
    """Let the run go on whose row waits for this session, or tell it what came later.

    Called once a change of the session has committed; safe to repeat. What fails here is made good
    by the sweep.
    """
    found = Session.objects.select_related("run__job").filter(pk=session_id).exclude(run=None)
    session = found.first()
    step = run_sessions.step_of(session) if session else ""
    if session is None or session.run is None or not step:
        return
    row = StepRun.objects.filter(run=session.run, name=step).first()
    if row is None:
        return
    if row.status == StepRun.Status.DONE:
        _tell(session, row, at=at)
    elif session.run.job is not None and (session.is_ended or session.status == WAITING):
        wake(session.run.job.pk, at=at)


def wake(job_id: int, *, at: datetime) -> None:
    """Let the row of a run look again; nothing happens where it waits for nobody."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or job.is_terminal:
        return
    try:
        jobs.requeue(job, at=at)
    except HouseError as error:
        logger.info("Job %s is not woken: %s", job_id, error.message)


def _tell(session: Session, row: StepRun, *, at: datetime) -> None:
    """Write into a row that is over what people answered since, and into the run's story."""
    data = run_sessions.told(session)
    if data["approvals"] == row.data.get("approvals") and data["status"] == row.data.get("status"):
        return
    words = [one for one in data["answers"] if one not in row.data.get("answers", [])]
    event = NewEvent(session.run.stream, "run.answered", {"detail": " ".join(words)})  # type: ignore[union-attr]
    afterwards.note(
        row,
        data,
        {"approval_events": run_sessions.events(row.run_id)},
        [event] if words else [],
        at=at,
    )


def sweep(at: datetime) -> None:
    """Wake the runs whose rows still wait although the session has gone on without them."""
    with sweeps.alone(LOCK) as first:
        if not first:
            return
        parked = StepRun.objects.filter(
            status=StepRun.Status.WAITING, run__job__status=Job.Status.WAITING
        )
        late = [row for row in parked.select_related("run") if _is_late(row, at)]
    for row in late:
        if row.run.job_id is not None:
            wake(row.run.job_id, at=at)


def _is_late(row: StepRun, at: datetime) -> bool:
    """Say whether a row that waits for a session would not wait any more."""
    session = run_sessions.of_step(row.run, row.name)
    if session is None:
        return False
    wait = run_sessions.wait(session)
    return session.is_ended or (wait is not None and wait.left(row.run.config, at) <= 0)
