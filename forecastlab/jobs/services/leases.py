"""The temporary right to run a step.

Every condition of a claim stands in one UPDATE of one row, so PostgreSQL looks at it again after
waiting for a rival; a join here would let two workers in. The clock is the database's. Locks are
taken in the order shard, step, job, events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now

from forecastlab.jobs.domain.statuses import STEP, JobStatus, StepStatus
from forecastlab.jobs.models import JobStep
from forecastlab.jobs.services import admission, ringing, telling
from forecastlab.lib.contributions import LeaseLost
from forecastlab.lib.moves import sources

# A lease with so much of it left, as a share, is not renewed yet.
FRESH = 0.9
LOCK = """
select extract(epoch from lease_until - statement_timestamp()) from jobs_jobstep
where id = %s and fence = %s and status = %s
for no key update
"""


@dataclass(frozen=True, slots=True)
class Lease:
    step_id: int
    fence: int
    seconds: int


def claim(step_id: int, *, worker: str, at: datetime) -> tuple[Lease, JobStep] | None:
    """Take the lease of a due step, or return None: not due, taken, or its job may not start."""
    with transaction.atomic():
        if not _take(step_id, worker=worker, at=at):
            return None
        step = JobStep.objects.select_related("job").get(pk=step_id)
        job = step.job
        starting = job.status == JobStatus.QUEUED
        if starting and not admission.start(job, at=at):
            transaction.set_rollback(True)
            return None
        if step.parent_id is None:
            changes = [telling.of_job(job, at=at)] if starting else []
            telling.tell(job, [*changes, telling.of_step(job, step, at=at)], at=at)
    return Lease(step.pk, step.fence, step.lease_seconds), step


def _take(step_id: int, *, worker: str, at: datetime) -> int:
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    claimable = JobStep.objects.filter(free, pk=step_id, due_at__lte=Now())
    return claimable.filter(status__in=sources(STEP, "claim")).update(
        status=StepStatus.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=ringing.clock(F("lease_seconds")),
        claimed_at=Now(),
        worker=worker,
        started_at=Coalesce("started_at", Value(at)),
    )


def lock(lease: Lease) -> JobStep:
    """Lock the step's row for the rest of the transaction. Raises LeaseLost for a stale fence."""
    _seconds_left(lease)
    return JobStep.objects.get(pk=lease.step_id)


def _seconds_left(lease: Lease) -> float | None:
    """Lock the step's row and return how much of the lease is left, None where it was taken away.

    Every write of a step passes here, several in a turn of an agent, so the statement is at hand.
    Raises LeaseLost for a stale fence.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [lease.step_id, lease.fence, StepStatus.RUNNING])
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    return None if row[0] is None else float(row[0])


@contextmanager
def fenced(lease: Lease) -> Iterator[None]:
    """Open a transaction whose writes belong to the holder of the lease, or to nobody."""
    with transaction.atomic():
        left = _seconds_left(lease)
        if left is None:
            raise LeaseLost
        began = time.monotonic()
        yield
        # The lock kept everybody away, so the lease may have run out unnoticed meanwhile.
        if left - (time.monotonic() - began) < FRESH * lease.seconds:
            renewed = ringing.clock(lease.seconds)
            JobStep.objects.filter(pk=lease.step_id).update(lease_until=renewed)
