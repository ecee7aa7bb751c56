"""Reading jobs."""

from __future__ import annotations

from forecastlab.jobs.models import Job


def position(job: Job) -> int:
    """Return a queued job's place in the line for its slot, from 1; 0 when it is not in one."""
    if job.status != Job.Status.QUEUED or not job.exclusive or job.slot:
        return 0
    ahead = Job.objects.queued().filter(exclusive=job.exclusive, pk__lt=job.pk)
    return ahead.count() + 1
