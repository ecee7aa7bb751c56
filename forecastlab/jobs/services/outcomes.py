"""What a finished job means to whoever waited for it."""

from __future__ import annotations

from forecastlab.jobs.models import Job
from forecastlab.lib.errors import Conflict


class NotDone(Conflict):
    """The job ended without a result."""

    code = "not_done"


def is_done(job: Job) -> bool:
    """Say whether the job has a result; raise NotDone when it ended without one."""
    if job.status == Job.Status.FAILED:
        raise NotDone(str(job.error.get("detail", "")))
    if job.status == Job.Status.CANCELLED:
        raise NotDone("The job was cancelled. Nothing was stored.")
    return job.status == Job.Status.SUCCEEDED
