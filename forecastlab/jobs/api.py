from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from forecastlab.accounts.services.access import person, requires
from forecastlab.jobs.queries import jobs as queries
from forecastlab.jobs.services import jobs
from forecastlab.lib.cursors import Page

router = Router(tags=["jobs"])


class JobOut(Schema):
    job: int
    kind: str
    title: str
    status: str
    progress: int
    note: str
    position: int | None
    requested_by: str | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    queue_seconds: float | None
    seconds: float | None
    error: dict[str, Any] | None


class StepOut(Schema):
    name: str
    title: str
    status: str
    outcome: str
    detail: str
    progress: int
    seconds: float | None


class JobWithSteps(JobOut):
    steps: list[StepOut]


class JobList(Schema):
    items: list[JobOut]
    next: str | None


class JobFilter(Page):
    status: str = ""
    kind: str = ""


@router.get("/jobs", response=JobList, url_name="jobs", summary="The newest jobs that you may see")
@requires("job.view")
def job_list(request: HttpRequest, wanted: Query[JobFilter]) -> dict[str, Any]:
    found, following = queries.listed(request.user, **wanted.dict())
    return {"items": [queries.described(job) for job in found], "next": following}


@router.get("/jobs/{job_id}", response=JobWithSteps, url_name="job", summary="A job and its steps")
@requires("job.view")
def job_detail(request: HttpRequest, job_id: int) -> dict[str, Any]:
    return queries.with_steps(queries.find(job_id, request.user))


@router.post(
    "/jobs/{job_id}/cancel", response=JobWithSteps, url_name="job-cancel", summary="Stop a job"
)
@requires("job.cancel")
def job_cancel(request: HttpRequest, job_id: int) -> dict[str, Any]:
    job = queries.find(job_id, request.user)
    return queries.with_steps(jobs.cancel(job, by=person(request), at=timezone.now()))
