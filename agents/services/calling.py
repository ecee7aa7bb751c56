"""The job that advances a session: one at a time, called whenever there is something to do."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from agents.models import Session
from agents.services import moves
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.errors import HouseError

logger = logging.getLogger(__name__)

KIND = "session"


def new_job(session: Session, *, at: datetime) -> Job:
    """Create the session's job in the caller's transaction; the slot keeps it the only one."""
    job = jobs.create(
        KIND,
        params={"session": session.pk},
        by=session.requested_by,
        at=at,
        exclusive=session.stream,
    )
    session.job = job
    Session.objects.filter(pk=session.pk).update(job=job)
    return job


def call(session_id: int, *, at: datetime) -> None:
    """Let the session's job go on, or give it one where its job is over.

    What fails here is made good by the sweep: the rows say that the session is queued.
    """
    session = Session.objects.select_related("job").filter(pk=session_id).first()
    if session is None or session.is_ended:
        return
    try:
        if session.job is not None and not session.job.is_terminal:
            jobs.requeue(session.job, at=at)
            return
        with transaction.atomic():
            held = moves.lock(session_id)
            if not held.is_ended and (held.job is None or held.job.is_terminal):
                new_job(held, at=at)
    except HouseError as error:
        logger.warning("%s is not called yet: %s", session.ref, error.message)


def end_job(job_id: int, *, by: User | None, at: datetime) -> None:
    job = Job.objects.filter(pk=job_id).first()
    if job is not None:
        jobs.cancel(job, by=by, at=at)
