"""Creating, advancing and stopping jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs import gateways
from forecastlab.jobs.domain.statuses import JOB, JobStatus, StepStatus
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import closing, leases, ringing, running, telling, workers
from forecastlab.lib import dispatch
from forecastlab.lib.contributions import JobStepPlan, Json, Limits
from forecastlab.lib.errors import BadInput, Conflict, Unavailable
from forecastlab.lib.moves import after

LONGEST_LEASE = 600
# Whoever holds a step of a job that is to stop and says nothing for so long loses it: most steps
# report several times a second.
ANSWER_SECONDS = 3.0
QUICK = settings.CELERY_TASK_DEFAULT_QUEUE


class EmptyPlan(BadInput):
    """With these parameters there is nothing to do."""

    code = "empty_plan"


class BrokerDown(Unavailable):
    """Redis does not answer, so no worker can be called. Check REDIS_URL or scripts/run."""

    code = "broker_down"


class JobNotWaiting(Conflict):
    """The job does not wait for anybody."""

    code = "job_not_waiting"


def create(
    kind: str,
    *,
    params: Json,
    by: User | None,
    at: datetime,
    exclusive: str = "",
    key: str | None = None,
) -> Job:
    """Plan a job and call a worker for it once committed.

    With `exclusive`, one job of that slot runs or waits at a time; the others stay queued,
    oldest first. Asked for again with the same `key`, it is the job that there is. Raises
    BrokerDown before anything is written.
    """
    if key and (made := Job.objects.filter(key=key).first()):
        return made
    found = kinds.find(kind)
    plans = found.steps(params)
    if not plans:
        raise EmptyPlan
    if gateways.messages_in(found.queue) is None:
        raise BrokerDown
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            queue=found.queue,
            params=dict(params),
            key=key,
            exclusive=exclusive,
            requested_by=by,
            created_at=at,
        )
        JobStep.objects.bulk_create(_steps(job, plans, kinds.limits_of(found, params)))
        ringing.call_first(job.steps.get(position=0))
        telling.tell(job, [telling.of_job(job, at=at)], at=at)
    return job


def cancel(job: Job, *, by: User | None, at: datetime) -> Job:
    """Ask a job to stop; one that never started is over at once. Repeating it does nothing.

    Whoever holds a step and does not answer soon is taken for dead. Workers that may be busy for
    long are not waited for: those of the fast queue clear up.

    A flag that is set before the last step has closed ends the job as cancelled; later it is
    without effect.
    """
    with transaction.atomic():
        _lock_what_workers_lock_first(job)
        job = _locked(job)
        if job.is_terminal or job.is_stopping:
            return job
        job.cancel_requested = True
        job.save(update_fields=["cancel_requested"])
        if job.status == JobStatus.QUEUED and not job.steps.filter(fence__gt=0).exists():
            closing.finish(job, [], at=at, by=by)
            return job
        _hurry(job, at=at)
        dispatch.enqueue("forecastlab.jobs.tasks.sweep_jobs", countdown=ANSWER_SECONDS + 0.1)
        telling.tell(job, [telling.of_stop(job, by, at=at)], at=at, by=by)
    return job


def requeue(job: Job, *, at: datetime) -> Job:
    """Let a waiting job go on; one that is just about to park will not. Raises JobNotWaiting."""
    with transaction.atomic():
        job = _locked(job)
        if job.is_terminal:
            raise JobNotWaiting(f"Job {job.pk} is over: {job.status}.")
        if job.status == JobStatus.WAITING:
            _unpark(job, at=at)
            telling.tell(job, [telling.of_job(job, at=at)], at=at)
        else:
            job.wake_requested = True
            job.save(update_fields=["wake_requested"])
    return job


def advance(job_id: int, *, clock: running.Clock = timezone.now) -> None:
    """Run the step that is due, if nobody else does: what a worker's message asks for."""
    due = JobStep.objects.main().filter(job=job_id).exclude(due_at=None)
    for step_id in due.values_list("pk", flat=True):
        advance_step(step_id, clock=clock)


def advance_step(step_id: int, *, clock: running.Clock = timezone.now) -> None:
    """Run one certain step or shard, if it is due and free."""
    claimed = leases.claim(step_id, worker=workers.identity(), at=clock())
    if claimed is not None:
        running.run(*claimed, clock=clock)


def _steps(job: Job, plans: Sequence[JobStepPlan], limits: Limits) -> list[JobStep]:
    return [
        JobStep(
            job=job,
            position=position,
            name=plan.name,
            title=plan.title,
            queue=plan.queue or job.queue,
            weight=plan.weight,
            always=plan.always,
            lease_seconds=min(plan.lease_seconds, LONGEST_LEASE),
            timeout_seconds=(not plan.always and limits.step) or plan.timeout_seconds,
        )
        for position, plan in enumerate(plans)
    ]


def _lock_what_workers_lock_first(job: Job) -> None:
    """Steps before the job: in the other order, cancelling deadlocks with a claim or a close."""
    main = job.steps.main()
    list(
        main.filter(status=StepStatus.PENDING, job__status=JobStatus.QUEUED).select_for_update(
            of=("self",)
        )
    )
    for parent in main.filter(status=StepStatus.WAITING, always=False):
        closing.drop_untouched_shards(parent)
        JobStep.objects.filter(pk=parent.pk).update(queue=QUICK)
    _ask_holders(job)


def _ask_holders(job: Job) -> None:
    """Let the leases of a job that is to stop run out soon, but for those of its clean-ups.

    A row that is locked belongs to somebody who is writing right now, and will hear of the stop.
    """
    held = job.steps.leased().filter(always=False).select_for_update(skip_locked=True)
    heard = [one.pk for one in held]
    soon = Least(F("lease_until"), ringing.clock(ANSWER_SECONDS))
    JobStep.objects.filter(pk__in=heard).update(lease_until=soon, queue=QUICK)


def _locked(job: Job) -> Job:
    return Job.objects.select_for_update(no_key=True).get(pk=job.pk)


def _hurry(job: Job, *, at: datetime) -> None:
    """Do not let a job that is to stop sit out a pause, or wait for its turn or for heavy work."""
    undone = job.steps.main().filter(status=StepStatus.PENDING)
    undone.filter(Q(always=True) | ~Q(due_at=None)).update(queue=QUICK)
    if job.status == JobStatus.WAITING:
        _unpark(job, at=at)
        return
    for step in undone.exclude(due_at=None):
        ringing.call_first(step)


def _unpark(job: Job, *, at: datetime) -> None:
    """Put a parked step back into the line. Nobody but the holder of the job's lock wakes it."""
    step = job.steps.main().get(status=StepStatus.WAITING)
    parked = max(0.0, (at - (job.parked_at or at)).total_seconds())
    JobStep.objects.filter(pk=step.pk).update(parked_seconds=F("parked_seconds") + parked)
    job.status, job.parked_at = after(JOB, job.status, "requeue"), None
    job.parked_seconds += parked
    job.save(update_fields=["status", "parked_at", "parked_seconds"])
    ringing.put_in_line(step, "requeue")
