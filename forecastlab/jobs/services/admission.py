"""Which queued job may start: one per slot, at most `cap` per kind, oldest first."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from forecastlab.jobs.domain.statuses import JOB, JobStatus
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import ringing
from forecastlab.lib.moves import after


def start(job: Job, *, at: datetime) -> bool:
    """Take a queued job to running, unless its slot is held or its kind is at its cap.

    One that is to stop takes no slot: it only clears up, and waits for nobody. Two jobs that want
    one slot at the same moment are decided by the unique constraint.
    """
    _lock_count_of(job.kind)
    if not admissible(job):
        return False
    running = after(JOB, job.status, "start")
    slot = "slot" if job.cancel_requested else "exclusive"
    try:
        with transaction.atomic():
            started = Job.objects.filter(pk=job.pk, status=job.status).update(
                status=running, slot=F(slot), started_at=Coalesce("started_at", Value(at))
            )
    except IntegrityError:
        return False
    if started:
        job.refresh_from_db()
    return bool(started)


def admissible(job: Job) -> bool:
    """Say whether the job may start, as far as one can see without the lock of its kind."""
    return job.cancel_requested or (_has_turn(job) and _below_cap(job))


def call_waiting(job: Job) -> None:
    """Call workers for the jobs that may start because `job` has left its place."""
    successors = []
    if job.exclusive:
        successors.append(Job.objects.queued().filter(exclusive=job.exclusive))
    kind = kinds.get(job.kind)
    if kind is not None and kind.cap:
        successors.append(Job.objects.queued().filter(kind=job.kind))
    for queued in successors:
        first = queued.order_by("pk").first()
        step = first and _due_step(first)
        if step:
            ringing.call(step)


def _due_step(job: Job) -> JobStep | None:
    return job.steps.main().exclude(due_at=None).first()


def _has_turn(job: Job) -> bool:
    if not job.exclusive or job.slot:
        return True
    return not Job.objects.ahead_of(job).exists()


def _below_cap(job: Job) -> bool:
    kind = kinds.get(job.kind)
    if kind is None or not kind.cap:
        return True
    return Job.objects.filter(kind=job.kind, status=JobStatus.RUNNING).count() < kind.cap


def _lock_count_of(kind_name: str) -> None:
    """Let no other job of a capped kind start before this transaction ends."""
    kind = kinds.get(kind_name)
    if kind is None or not kind.cap:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtext('jobs.cap'), hashtext(%s))", [kind_name]
        )
