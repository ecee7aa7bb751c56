"""What `doctor` asks about the workers and their queues."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from forecastlab.jobs.models import Job, WorkerHeartbeat
from forecastlab.lib.contributions import HealthCheck

QUEUES = ("fast", "heavy")
LONGEST_WAIT = timedelta(minutes=15)


def _workers() -> str:
    since = timezone.now() - timedelta(seconds=settings.WORKER_SILENT_SECONDS)
    try:
        alive = WorkerHeartbeat.objects.filter(seen_at__gte=since)
        served = {queue for queues in alive.values_list("queues", flat=True) for queue in queues}
    except DatabaseError:
        return "Unknown while the database does not answer."
    missing = [queue for queue in QUEUES if queue not in served]
    if not missing:
        return ""
    return f"No worker serves {' and '.join(missing)}. Start scripts/run, or workers for them."


def _queues() -> str:
    before = timezone.now() - LONGEST_WAIT
    try:
        late = Job.objects.filter(status=Job.Status.QUEUED, created_at__lt=before).count()
    except DatabaseError:
        return "Unknown while the database does not answer."
    if not late:
        return ""
    return f"{late} jobs wait for more than 15 minutes. Look at the workers, or start more of them."


CHECKS = (HealthCheck("workers", _workers), HealthCheck("queues", _queues))
