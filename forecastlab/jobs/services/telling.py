"""What a change of a job says: to its kind, to its own stream, to the streams of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.lib import doorbell
from forecastlab.lib.contributions import JobChange, JobKind, NewEvent

COMPENSATE = "compensate"  # internal: kinds hear only of the steps that they planned


def of_job(job: Job, *, at: datetime, detail: str = "") -> JobChange:
    return JobChange(
        job_id=job.pk,
        kind=job.kind,
        params=job.params,
        status=job.status,
        actor_id=job.requested_by_id,
        at=at,
        detail=detail,
        code=str(job.error.get("code", "")),
    )


def of_stop(job: Job, by: User | None, *, at: datetime) -> JobChange:
    """Say that somebody wants the job to stop."""
    detail = f"Asked to stop by {by}" if by else "Asked to stop"
    return replace(of_job(job, at=at, detail=detail), is_stop_asked=True)


def of_step(job: Job, step: JobStep, *, at: datetime) -> JobChange:
    return JobChange(
        job_id=job.pk,
        kind=job.kind,
        params=job.params,
        status=job.status,
        actor_id=job.requested_by_id,
        at=at,
        step=step.name,
        step_status=step.status,
        outcome=step.outcome,
        detail=step.detail,
        data=step.data,
        seconds=step.seconds,
    )


def tell(job: Job, changes: Sequence[JobChange], *, at: datetime, by: User | None = None) -> None:
    """Append what the changes say, as the last thing in the transaction that makes them.

    The actor is `by`, else whoever asked for the job.
    """
    kind = kinds.get(job.kind)
    entries: list[NewEvent] = []
    for change in changes:
        entries.append(_own(job, change))
        if kind is not None and change.step != COMPENSATE:
            entries += _observed(kind, change)
    log.append(entries, actor_id=by.pk if by else job.requested_by_id, at=at)
    if kind is not None:
        _ring_topic(job, kind)


def _observed(kind: JobKind, change: JobChange) -> list[NewEvent]:
    """Return what the kind has to say of a change, and what the step has that changed."""
    entries = list(kind.observe(change)) if kind.observe else []
    plan = kinds.planned(kind.name, change.params, change.step) if change.step else None
    return [*entries, *plan.observe(change)] if plan and plan.observe else entries


def ring(job: Job) -> None:
    """Let viewers hear that a percentage or a sentence has moved."""
    doorbell.ring(job.stream)
    kind = kinds.get(job.kind)
    if kind is not None:
        _ring_topic(job, kind)


def _ring_topic(job: Job, kind: JobKind) -> None:
    if kind.topic is not None:
        doorbell.ring(kind.topic(job.params))


def _own(job: Job, change: JobChange) -> NewEvent:
    if change.step is None:
        payload = {"detail": change.detail} if change.detail else {}
        return NewEvent(job.stream, f"job.{change.status}", payload)
    payload = {"step": change.step, "outcome": change.outcome, "detail": change.detail}
    if change.seconds is not None:
        payload["seconds"] = round(change.seconds, 3)  # type: ignore[assignment]
    return NewEvent(job.stream, f"step.{change.step_status}", payload)
