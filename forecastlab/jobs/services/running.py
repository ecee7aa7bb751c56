"""Running one claimed step: the only place where any exception is caught."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from forecastlab.jobs.domain import planning
from forecastlab.jobs.domain.statuses import Outcome, StepStatus
from forecastlab.jobs.models import JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import closing, telling
from forecastlab.jobs.services.closing import Ending
from forecastlab.jobs.services.leases import Lease
from forecastlab.jobs.services.reporting import Reporter, TimeLeft, TookTooLong
from forecastlab.jobs.services.transcripts import Transcript
from forecastlab.lib import logs, memory
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import (
    Done,
    FanOut,
    JobKind,
    LeaseLost,
    ShardResult,
    Skipped,
    StepCancelled,
    StepContext,
    StepFailed,
    StepResult,
    Transient,
    Waiting,
)
from forecastlab.lib.errors import HouseError

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
PASSING = (Transient, OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)

# A step gave back what no row can hold: NaN, a set, a zero byte.
UNSTORABLE = (DataError, TypeError, ValueError)
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The step is to be tried again after a pause."""

    detail: str
    delay: float


Verdict = StepResult | Ending | TryAgain | None


def run(lease: Lease, step: JobStep, *, clock: Clock) -> None:
    """Do the step and close it, however it ends. A zombie's close changes nothing."""
    barrier("after-claim")
    memory.use_again()
    transcript = Transcript(lease, step, clock=clock)
    with logs.bound(**_ids(step)), logs.heard_by(transcript.say):
        transcript.say("Started" if step.attempts == 1 else f"Started, try {step.attempts}")
        verdict = _judge(lease, step, transcript, clock=clock)
        barrier("before-close")
        barrier(f"before-close-{step.name}")
        try:
            _settle_patiently(lease, step, verdict, at=clock())
        except LeaseLost:
            logger.info("Another worker has %s by now", step)
        except UNSTORABLE:
            _settle_patiently(lease, step, _crash(step), at=clock())
    transcript.say(getattr(verdict, "detail", ""))
    transcript.store()
    memory.give_back()


def _ids(step: JobStep) -> dict[str, Any]:
    """What every line that the step logs is found by."""
    ids = {"job_id": step.job_id, "kind": step.job.kind, "step": step.name}
    run = step.job.params.get("run")
    return ids if run is None else ids | {"run_id": run}


def _judge(lease: Lease, step: JobStep, transcript: Transcript, *, clock: Clock) -> Verdict:
    try:
        return _result(lease, step, transcript, now=clock())
    except LeaseLost:
        logger.info("Another worker took %s over", step)
        return None
    except StepCancelled:
        return closing.CANCELLED
    except PASSING as error:
        return _another_try(step, error)
    except HouseError as error:
        return _failure(error.message, code=error.code)
    except Exception:  # noqa: BLE001
        return _crash(step)


def _result(lease: Lease, step: JobStep, transcript: Transcript, *, now: datetime) -> StepResult:
    job = step.job
    if job.is_stopping and not step.always:
        raise StepCancelled
    if step.attempts > settings.STEP_ATTEMPTS:
        raise StepFailed(
            f"{settings.STEP_ATTEMPTS} workers in a row stopped, or fell silent, in this step.",
            hint="It may need more memory than there is; see the workers' logs.",
        )
    before = list(_known_before(step))
    shards = _shards(before)
    if not kinds.is_isolated(job.kind, job.params, step.name):
        _stop_if_shards_failed(shards)
    kind = kinds.find(job.kind)
    left = TimeLeft.of(step, kind, now=now)
    report = Reporter(lease, step, left, transcript)
    report.stop_if_late()
    context = StepContext(
        job_id=job.pk,
        step=step.name,
        params=job.params,
        now=now,
        actor_id=job.requested_by_id,
        report=report,
        fenced=report.fenced,
        results={one.name: one.data for one in before if not one.is_shard},
        shard=step.shard if step.is_shard else None,
        shards=shards,
        fence=lease.fence,
    )
    try:
        return _do(kind, context)
    except SoftTimeLimitExceeded as error:
        raise TookTooLong.of(step, left.limits) from error
    finally:
        report.end()


def _do(kind: JobKind, context: StepContext) -> StepResult:
    if context.step == telling.COMPENSATE and kind.compensate is not None:
        kind.compensate(context)
        return Done("What was begun is undone")
    return kinds.plan_of(kind.name, context.params, context.step).run(context)


def _known_before(step: JobStep) -> QuerySet[JobStep]:
    """Return the steps that are done, and the shards of this one."""
    done = Q(parent=None, status=StepStatus.DONE)
    known = JobStep.objects.filter(done | Q(parent=step), job=step.job_id).order_by("position")
    return known.only("parent", "position", "name", "shard", "outcome", "detail", "data")


def _shards(steps: Sequence[JobStep]) -> list[ShardResult]:
    return [
        ShardResult(
            index=one.position,
            shard=one.shard,
            status=one.outcome,
            data=one.data,
            detail=one.detail,
        )
        for one in steps
        if one.is_shard
    ]


def _stop_if_shards_failed(shards: Sequence[ShardResult]) -> None:
    failed = [one for one in shards if one.status == Outcome.FAIL]
    if failed:
        raise StepFailed(f"{len(failed)} of {len(shards)} shards failed: {failed[0].detail}")


# -- from verdict to rows ----------------------------------------------------------------------


def _settle_patiently(lease: Lease, step: JobStep, verdict: Verdict, *, at: datetime) -> None:
    """Outlast a restart of the database, so that work which is done need not be done again.

    If it did commit before the connection broke, the fence says so.
    """
    for pause in PAUSES:
        try:
            return _settle(lease, step, verdict, at=at)
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block:
                raise
            logger.warning("The end of %s is not stored yet: %s", step, error)
            connection.close()
            time.sleep(pause)
    return _settle(lease, step, verdict, at=at)


def _settle(lease: Lease, step: JobStep, verdict: Verdict, *, at: datetime) -> None:
    match verdict:
        case None:
            return
        case TryAgain():
            closing.retry(lease, detail=verdict.detail, delay=verdict.delay)
        case Waiting() if not step.is_shard:
            closing.park(lease, detail=verdict.detail, at=at)
        case FanOut() if verdict.shards and not step.is_shard and not step.shards.exists():
            closing.split(lease, verdict, at=at)
        case _:
            closing.close(lease, _ending(verdict), at=at)


def _ending(verdict: Verdict) -> Ending:
    match verdict:
        case Ending():
            return verdict
        case Done():
            outcome = Outcome.WARN if verdict.warn else Outcome.PASS
            return Ending(outcome, verdict.detail, verdict.data)
        case Skipped():
            return Ending(Outcome.SKIP, verdict.detail, verdict.data)
        case _:
            return _failure(
                f"A step may not return {type(verdict).__name__} here: a fan-out needs shards, "
                "happens once, and its shards can neither fan out nor wait.",
                code="step_misbehaved",
            )


def _failure(detail: str, *, code: str) -> Ending:
    return Ending(Outcome.FAIL, detail, error={"code": code, "detail": detail})


def _crash(step: JobStep) -> Ending:
    reference = uuid.uuid4().hex[:8]
    logger.exception("Step crashed, reference %s: %s", reference, step)
    detail = f"Something unexpected happened in this step (reference {reference})."
    return Ending(
        Outcome.FAIL, detail, error={"code": "crashed", "detail": detail, "reference": reference}
    )


def _another_try(step: JobStep, error: Exception) -> Ending | TryAgain:
    if isinstance(error, OperationalError | InterfaceError) and not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    reason = error.message if isinstance(error, HouseError) else str(error).strip().split("\n")[0]
    logger.warning("Try %s of %s failed: %s", step.attempts, step, reason)
    if step.attempts >= settings.STEP_ATTEMPTS:
        return _failure(f"Given up after {step.attempts} tries: {reason}", code="gave_up")
    delay = planning.pause_before(step.attempts)
    return TryAgain(f"Trying again in {delay:.0f} s: {reason}", delay)
