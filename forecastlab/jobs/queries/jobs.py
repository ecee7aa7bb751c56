"""Reading jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from forecastlab.jobs.domain.statuses import JobStatus, StepStatus
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds, workers
from forecastlab.lib import cursors
from forecastlab.lib.errors import BadInput, NotFound

CHUNK = 200


class JobNotFound(NotFound):
    """There is no such job, or it is not yours to see."""

    code = "job_not_found"


@dataclass(frozen=True, slots=True)
class JobPage:
    job: Job
    title: str
    steps: Sequence[JobStep]
    shards: int
    shards_done: int
    position: int
    about: str = ""
    address: str = ""
    stops_later: bool = False


def stops_later(job: Job | None) -> bool:
    """Say whether a job is to stop and nobody is there who could clear up after it."""
    if job is None or job.is_terminal or not job.cancel_requested:
        return False
    return not workers.is_served(settings.CELERY_TASK_DEFAULT_QUEUE)


def position(job: Job) -> int:
    """Return how many jobs a queued one waits for; 0 when it is its turn, or past."""
    if job.status != JobStatus.QUEUED or not job.exclusive or job.slot:
        return 0
    return Job.objects.ahead_of(job).count()


def position_of_next(slot: str) -> int:
    """Return the position that a job would get that asked for the slot now."""
    return Job.objects.in_line(slot).count()


def can_see(user: Any, job: Job) -> bool:
    """Say whether `user` asked for the job, or may see what it works on."""
    if not user.is_authenticated:
        return False
    if job.requested_by_id == user.pk:
        return True
    kind = kinds.get(job.kind)
    return kind is not None and kind.can_see is not None and kind.can_see(user, job.params)


def is_over(job: Job, dataset: str) -> bool:
    """Say whether all who may see a dataset, and there is one, may see the job."""
    kind = kinds.get(job.kind)
    return bool(dataset and kind and kind.over and kind.over(job.params) == dataset)


def find(job_id: int, user: Any, *, over: str | None = None) -> Job:
    """Return a job that `user` sees; with `over` only one that all see who may see that dataset."""
    job = Job.objects.select_related("requested_by").filter(pk=job_id).first()
    if job is None or not can_see(user, job) or not (over is None or is_over(job, over)):
        raise JobNotFound
    return job


def listed(
    user: Any,
    *,
    status: str = "",
    kind: str = "",
    over: str | None = None,
    limit: int = cursors.USUAL,
    cursor: str = "",
) -> tuple[list[Job], str | None]:
    """Return the newest jobs that `user` sees, and the cursor of the next page.

    With `over` they are those that all see who may see that dataset; where it is "", none.
    Raises BadInput, naming the field, for an unknown status and what no page can be.
    """
    cursors.check(limit)
    if status and status not in set(JobStatus):
        known = ", ".join(JobStatus)
        raise BadInput(f"There is no status '{status}'.", field="status", hint=f"One of: {known}.")
    wanted = Job.objects.newest_first().select_related("requested_by")
    wanted = wanted.filter(status=status) if status else wanted
    wanted = wanted.filter(kind=kind) if kind else wanted
    found: list[Job] = []
    for job in _from(wanted, cursors.number(cursor)):
        if not (over is None or is_over(job, over)) or not can_see(user, job):
            continue
        if len(found) == limit:
            return found, str(found[-1].pk)
        found.append(job)
    return found, None


def _from(wanted: Any, before: int | None) -> Iterator[Job]:
    while True:
        rows = wanted if before is None else wanted.filter(pk__lt=before)
        chunk = list(rows[:CHUNK])
        yield from chunk
        if len(chunk) < CHUNK:
            return
        before = chunk[-1].pk


def job_page(job: Job) -> JobPage:
    steps = list(job.steps.main().order_by("position"))
    shards = job.steps.exclude(parent=None)
    return JobPage(
        job=job,
        title=title_of(job),
        steps=steps,
        shards=shards.count(),
        shards_done=shards.filter(status=StepStatus.DONE).count(),
        position=position(job),
        about=about(job),
        address=address(job),
        stops_later=stops_later(job),
    )


@dataclass(frozen=True, slots=True)
class JobRow:
    job: Job
    title: str
    about: str


def job_row(job: Job) -> JobRow:
    return JobRow(job, title_of(job), about(job))


def about(job: Job) -> str:
    """Return what a job works on, "" where its kind does not say."""
    kind = kinds.get(job.kind)
    return kind.about(job.params) if kind and kind.about else ""


def address(job: Job) -> str:
    """Return the page that shows more of a job than its own, "" where there is none."""
    kind = kinds.get(job.kind)
    return kind.address(job.pk) if kind and kind.address else ""


def title_of(job: Job) -> str:
    kind = kinds.get(job.kind)
    return kind.title if kind else job.kind


def described(job: Job) -> dict[str, Any]:
    """Return a job as commands and the API tell of it."""
    return {
        "job": job.pk,
        "kind": job.kind,
        "title": title_of(job),
        "status": job.status,
        "progress": job.progress,
        "note": job.note,
        "position": position(job) or None,
        "requested_by": job.requested_by.username if job.requested_by else None,
        "cancel_requested": job.cancel_requested,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "queue_seconds": job.queue_seconds,
        "seconds": _seconds(job.started_at, job.finished_at),
        "error": job.error or None,
    }


def with_steps(job: Job) -> dict[str, Any]:
    steps = job.steps.main().order_by("position")
    return described(job) | {"steps": [_step(step) for step in steps]}


def _step(step: JobStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "title": step.title,
        "status": step.status,
        "outcome": step.outcome,
        "detail": step.detail,
        "progress": step.progress,
        "seconds": step.seconds,
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None
