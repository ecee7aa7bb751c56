"""Waiting for a job from a command line."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from forecastlab.jobs.models import Job

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 60.0  # with a database that does not answer


def follow(job_id: int, say: Callable[[str], None]) -> Job:
    """Return the job when it is over, saying meanwhile how far it is.

    Ctrl-C stops the following, not the job: it is returned as it stands.
    """
    said = ""
    last = _job(job_id)
    try:
        while not last.is_terminal:
            line = describe(last)
            if line != said:
                say(line)
                said = line
            time.sleep(POLL_SECONDS)
            last = _job(job_id)
    except KeyboardInterrupt:
        say(f"Job {job_id} goes on without being followed.")
    return last


def describe(job: Job) -> str:
    if job.status == Job.Status.QUEUED:
        return f"Job {job.pk} is queued."
    if job.status == Job.Status.WAITING:
        return f"Job {job.pk} waits for a person: {job.note}".rstrip(": ")
    note = f" {job.note}" if job.note else ""
    return f"{job.progress:3d} %{note}"


def _job(job_id: int) -> Job:
    """Read the job, outlasting a restart of the database."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return Job.objects.get(pk=job_id)
        except (OperationalError, InterfaceError):
            if time.monotonic() > ends:
                raise
            connection.close()
            time.sleep(POLL_SECONDS)
