"""Calling a worker for a step that is due: one message per call, sent once committed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from forecastlab.jobs.domain.statuses import STEP
from forecastlab.jobs.models import JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.lib import dispatch
from forecastlab.lib.moves import after

Clock = Combinable
# A step that reports stops itself; one that does not is interrupted this much later.
GRACE_SECONDS = 5


def clock(ahead: float | F = 0) -> Clock:
    """Return the database's clock, some seconds ahead: the clocks of workers may differ."""
    if not ahead:
        return Now()
    span = Value(timedelta(seconds=1), output_field=DurationField())
    seconds = ahead if isinstance(ahead, F) else Value(ahead)
    length = ExpressionWrapper(seconds * span, output_field=DurationField())
    return ExpressionWrapper(Now() + length, output_field=DateTimeField())


def put_in_line(step: JobStep, move: str, *, delay: float = 0) -> None:
    """Make `step` pending by `move`, due after `delay` seconds, and call a worker for it.

    The caller holds the row's lock.
    """
    step.status = after(STEP, step.status, move)
    JobStep.objects.filter(pk=step.pk).update(
        status=step.status,
        due_at=clock(delay),
        enqueued_at=clock(delay),
        lease_until=None,
        worker="",
    )
    call(step, countdown=delay)


def call_first(step: JobStep) -> None:
    """Let a step that nobody has tried yet want a worker from now on."""
    JobStep.objects.filter(pk=step.pk).update(due_at=clock(), enqueued_at=clock())
    call(step)


def call(step: JobStep, *, countdown: float = 0) -> None:
    """Send the message that makes a worker advance `step`; a second one does no harm."""
    if step.parent_id is None:
        dispatch.enqueue(
            "forecastlab.jobs.tasks.advance_job",
            job_id=step.job_id,
            queue=step.queue,
            countdown=countdown,
            time_limit=step.timeout_seconds + GRACE_SECONDS,
            later=_may_wait(step),
        )
    else:
        dispatch.enqueue(
            "forecastlab.jobs.tasks.advance_shard",
            step_id=step.pk,
            queue=step.queue,
            countdown=countdown,
            time_limit=step.timeout_seconds + GRACE_SECONDS,
        )


def _may_wait(step: JobStep) -> bool:
    """Whether others of the queue go first: only kinds that say so let them.

    What was parked and is called by somebody goes at once, also after one worker was lost with it;
    what has lost a second one waits.
    """
    kind = kinds.get(step.job.kind)
    if kind is None or not kind.begin_last:
        return False
    return step.started_at is None or step.attempts > 1
