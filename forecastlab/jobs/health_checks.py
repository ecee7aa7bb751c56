"""What `doctor` asks about the workers and their queues."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError

from forecastlab.jobs.models import Job, JobStep, Schedule
from forecastlab.jobs.queries import workers
from forecastlab.jobs.services import ringing
from forecastlab.lib.contributions import HealthCheck

UNKNOWN = "Unknown while the database does not answer."
LONGEST_WAIT = 15 * 60
LATE_SECONDS = 5 * 60


def _workers() -> str:
    since = ringing.clock(-settings.WORKER_SILENT_SECONDS)
    try:
        missing = workers.crew(since=since).unserved
    except DatabaseError:
        return UNKNOWN
    if not missing:
        return ""
    return f"No worker serves {' and '.join(missing)}. Start scripts/run, or workers for them."


def _queues() -> str:
    """Look for steps that could be worked on; a job that waits for its slot is not late."""
    try:
        late = JobStep.objects.wanting_a_worker().filter(due_at__lt=ringing.clock(-LONGEST_WAIT))
        stuck = [step.job for step in late.select_related("job")[:100] if _may_go_on(step.job)]
    except DatabaseError:
        return UNKNOWN
    if not stuck:
        return ""
    oldest = min(job.pk for job in stuck)
    return (
        f"{len(stuck)} steps wait for a worker for more than 15 minutes, the oldest of job "
        f"{oldest}. Look at the workers' logs, or start more of them."
    )


def _may_go_on(job: Job) -> bool:
    return job.status != Job.Status.QUEUED or not job.exclusive


def _schedules() -> str:
    """Look for due times that nobody has dealt with: no beat, no worker, or one that breaks."""
    try:
        late = Schedule.objects.filter(is_enabled=True, next_at__lt=ringing.clock(-LATE_SECONDS))
        names = list(late.order_by("next_at").values_list("name", flat=True)[:10])
    except DatabaseError:
        return UNKNOWN
    if not names:
        return ""
    return (
        f"Nothing has been started for more than 5 minutes though it is due: {', '.join(names)}. "
        "Look whether beat and a worker for the queue fast are there, and at the workers' logs."
    )


CHECKS = (
    HealthCheck("workers", _workers),
    HealthCheck("queues", _queues),
    HealthCheck("schedules", _schedules),
)
