"""Which workers live, and which queues they serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from forecastlab.jobs.models import WorkerHeartbeat
from forecastlab.lib.embedded.programs import QUEUES


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers live, and the queues that none of them serves."""

    alive: int
    unserved: Sequence[str]


def is_served(queue: str) -> bool:
    """Say whether some worker that lives takes from the queue."""
    limit = Now() - timedelta(seconds=settings.WORKER_SILENT_SECONDS)
    return queue not in crew(since=limit).unserved


def crew(*, since: datetime | Combinable) -> Crew:
    """Count the workers that were heard of since a moment."""
    alive = WorkerHeartbeat.objects.seen_since(since)
    served = [set(queues) for queues in alive.values_list("queues", flat=True)]
    unserved = [queue for queue in QUEUES if not any(queue in one for one in served)]
    return Crew(len(served), unserved)
