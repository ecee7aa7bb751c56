"""The streams of a job, with the parts of its page that follow it, and of a schedule."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from forecastlab.accounts.services.access import may
from forecastlab.jobs.models import Job, Schedule
from forecastlab.jobs.queries import jobs as queries
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    job = None if number is None else Job.objects.filter(pk=number).first()
    return job is not None and may(user, "job.view") and queries.can_see(user, job)


def can_read_schedule(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "schedule.view"):
        return False
    return Schedule.objects.visible_to(user).filter(pk=number).exists()


def _progress_id(key: str) -> str:
    return f"job-{key}-progress"


def _actions_id(key: str) -> str:
    return f"job-{key}-actions"


def _facts_id(key: str) -> str:
    return f"job-{key}-facts"


def _progress(key: str) -> str:
    return _drawn("jobs/_job_progress.html", key)


def _facts(key: str) -> str:
    return _drawn("jobs/_job_facts.html", key)


def _drawn(template: str, key: str) -> str:
    job = Job.objects.select_related("requested_by").filter(pk=key).first()
    return render_to_string(template, {"page": queries.job_page(job)}) if job else ""


JOBS = EventStream(
    prefix="job",
    can_read=can_read,
    regions=(
        LiveRegion("progress", "push", _progress_id, _progress),
        LiveRegion("facts", "push", _facts_id, _facts),
        LiveRegion("actions", "fetch", _actions_id),
    ),
)
SCHEDULES = EventStream(prefix="schedule", can_read=can_read_schedule)
