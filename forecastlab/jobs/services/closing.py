"""How a step ends, and what becomes of its job then: one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from forecastlab.accounts.models import User
from forecastlab.jobs.domain import planning
from forecastlab.jobs.domain.statuses import JOB, STEP, Outcome, StepStatus, verdict
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import admission, leases, progress, ringing, telling
from forecastlab.jobs.services.leases import Lease
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import FanOut, Gone, JobChange, Json
from forecastlab.lib.moves import after


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step ended; without an outcome it was cancelled."""

    outcome: str
    detail: str = ""
    data: Json = field(default_factory=dict)
    error: Json = field(default_factory=dict)


CANCELLED = Ending("", "Cancelled")


def close(lease: Lease, ending: Ending, *, at: datetime) -> None:
    """End the step; its job's progress, events and next task commit with it.

    Raises LeaseLost, and changes nothing, when somebody else has the step by now.
    """
    with transaction.atomic():
        transaction.on_commit(partial(barrier, "after-close"))
        step = leases.lock(lease)
        _end(step, ending, at=at)
        if step.parent_id is None:
            job = _lock_job(step)
            if _tells_more(ending, job):
                job.error = {**ending.error, "step": step.name}
            _proceed(job, [telling.of_step(job, step, at=at)], at=at)
        else:
            _close_shard(step, ending)


def split(lease: Lease, fan_out: FanOut, *, at: datetime) -> None:
    """Let the step wait, without a worker, for its shards: each a step with its own lease."""
    with transaction.atomic():
        parent = leases.lock(lease)
        parent.status = after(STEP, parent.status, "split")
        parent.detail = fan_out.detail[:2000]
        _let_go(parent)
        JobStep.objects.bulk_create(
            _shard_of(parent, fan_out, index=index, shard=shard)
            for index, shard in enumerate(fan_out.shards)
        )
        for shard in parent.shards.order_by("position"):
            ringing.call(shard)
        job = _lock_job(parent)
        telling.tell(job, [telling.of_step(job, parent, at=at)], at=at)


def park(lease: Lease, *, detail: str, at: datetime) -> None:
    """Let the job wait for somebody, unless that somebody was faster than we are."""
    with transaction.atomic():
        step = leases.lock(lease)
        step.detail, step.attempts = detail[:2000], 0
        step.status = after(STEP, step.status, "park")
        _let_go(step)
        job = _lock_job(step)
        if job.wake_requested or job.cancel_requested:
            Job.objects.filter(pk=job.pk).update(wake_requested=False)
            ringing.put_in_line(step, "requeue")
            return
        job.status, job.parked_at = after(JOB, job.status, "park"), at
        job.save(update_fields=["status", "parked_at"])
        changes = [telling.of_step(job, step, at=at), telling.of_job(job, at=at, detail=detail)]
        telling.tell(job, changes, at=at)
        admission.call_waiting(job)


def retry(lease: Lease, *, detail: str, delay: float) -> None:
    """Give the step back, to be tried again after a pause."""
    with transaction.atomic():
        step = leases.lock(lease)
        JobStep.objects.filter(pk=step.pk).update(detail=detail[:2000])
        ringing.put_in_line(step, "retry", delay=delay)


def drop_untouched_shards(parent: JobStep) -> None:
    """Close the shards that nobody works on; the last one closed wakes the parent."""
    idle = parent.shards.filter(status=StepStatus.PENDING).select_for_update()
    dropped = [shard.pk for shard in idle.order_by("pk")]
    if dropped:
        JobStep.objects.filter(pk__in=dropped).update(
            status=StepStatus.DONE, due_at=None, detail=CANCELLED.detail
        )
        wake_parent(parent.pk)


def wake_parent(parent_id: int) -> None:
    """Put the parent back into the line when none of its shards is open any more.

    Whoever closes a shard holds the parent's lock from here to the commit: without it two shards
    that close together would each see the other one open, and nobody would wake the parent.
    """
    parent = JobStep.objects.select_for_update(no_key=True).get(pk=parent_id)
    if parent.status != StepStatus.WAITING or parent.shards.open().exists():
        return
    barrier("last-shard")
    JobStep.objects.filter(pk=parent.pk).update(attempts=0)
    ringing.put_in_line(parent, "gather")


def finish(job: Job, changes: Sequence[JobChange], *, at: datetime, by: User | None = None) -> None:
    """End a locked job; steps that were never reached stay undone."""
    move = verdict(cancel_requested=job.cancel_requested, failed=job.has_failed)
    job.status = after(JOB, job.status, move)
    job.slot, job.note, job.finished_at = "", "", at
    if move == "succeed":
        job.progress = 100
    job.save(update_fields=["status", "slot", "note", "finished_at", "progress", "error"])
    job.steps.exclude(due_at=None).update(due_at=None)
    detail = str(job.error.get("detail", ""))
    telling.tell(job, [*changes, telling.of_job(job, at=at, detail=detail)], at=at, by=by)
    admission.call_waiting(job)


# -- parts of a close --------------------------------------------------------------------------


def _end(step: JobStep, ending: Ending, *, at: datetime) -> None:
    step.status = after(STEP, step.status, "close")
    step.outcome, step.detail, step.data = ending.outcome, ending.detail[:2000], dict(ending.data)
    if step.outcome not in {"", Outcome.FAIL}:
        step.progress = 100
    step.finished_at = at
    if step.started_at:
        took = (at - step.started_at).total_seconds() - step.parked_seconds
        step.seconds = max(0.0, took)
    _let_go(step)


def _tells_more(ending: Ending, job: Job) -> bool:
    """The first error counts, but that something is gone for good counts more."""
    if not ending.error or job.error.get("code") == Gone.code:
        return False
    return not job.error or ending.error["code"] == Gone.code


def _let_go(step: JobStep) -> None:
    step.lease_until = step.due_at = None
    step.worker = ""
    step.save()


def _lock_job(step: JobStep) -> Job:
    return Job.objects.select_for_update(no_key=True).get(pk=step.job_id)


def _proceed(job: Job, changes: Sequence[JobChange], *, at: datetime) -> None:
    """Call a worker for the next step of a locked job, or end the job."""
    if job.is_stopping:
        _plan_compensation(job)
    steps = list(job.steps.main().defer("data", "detail", "shard"))
    following = planning.next_step(steps, stopping=job.is_stopping)
    if following is None:
        finish(job, changes, at=at)
        return
    job.progress = max(job.progress, planning.percent(steps))
    job.save(update_fields=["progress", "error"])
    ringing.call_first(following)
    telling.tell(job, changes, at=at)


def _plan_compensation(job: Job) -> None:
    kind = kinds.get(job.kind)
    steps = job.steps.main()
    if kind is None or kind.compensate is None:
        return
    if steps.filter(name=telling.COMPENSATE).exists():
        return
    last = steps.aggregate(last=Max("position"))["last"]
    JobStep.objects.create(
        job=job,
        position=last + 1,
        name=telling.COMPENSATE,
        title="Undo what was begun",
        queue=settings.CELERY_TASK_DEFAULT_QUEUE if job.cancel_requested else kind.queue,
        weight=0,
        always=True,
    )


def _close_shard(step: JobStep, ending: Ending) -> None:
    parent = step.parent
    if parent is None:
        return
    if ending.outcome == Outcome.FAIL and not _fails_alone(step):
        drop_untouched_shards(parent)
    wake_parent(parent.pk)
    progress.of_parent(parent.pk)
    progress.of_job(step.job_id)
    telling.ring(step.job)


def _fails_alone(step: JobStep) -> bool:
    return kinds.is_isolated(step.job.kind, step.job.params, step.name)


def _shard_of(parent: JobStep, fan_out: FanOut, *, index: int, shard: Json) -> JobStep:
    return JobStep(
        job_id=parent.job_id,
        parent=parent,
        position=index,
        name=parent.name,
        title=parent.title,
        queue=fan_out.queue or parent.queue,
        shard=dict(shard),
        weight=0,
        always=parent.always,
        lease_seconds=parent.lease_seconds,
        timeout_seconds=parent.timeout_seconds,
        due_at=ringing.clock(),
        enqueued_at=ringing.clock(),
    )
