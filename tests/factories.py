from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models.functions import Now
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import jobs

# -- accounts ----------------------------------------------------------------------------------


def make_user(
    username: str = "alice", *, role: str = "planner", password: str = "", **fields: Any
) -> User:
    """Make a person in `role` ("" for none); alice owns, bob reads, charlie is a stranger."""
    user = User.objects.create_user(username, password=password or None, **fields)
    if role:
        user.groups.add(make_group(role))
    return user


def make_group(name: str = "readers") -> Group:
    return Group.objects.get_or_create(name=name)[0]


# -- jobs --------------------------------------------------------------------------------------


def make_job(kind: str = "lab", *, exclusive: str = "", by: Any = None, **params: Any) -> Job:
    """Create a job of a kind of tests/jobs_lab; nobody works on it yet."""
    return jobs.create(kind, params=params, by=by, at=timezone.now(), exclusive=exclusive)


def run_job(job: Job, *, rounds: int = 50) -> Job:
    """Do what workers would do until the job wants none any more."""
    for _ in range(rounds):
        JobStep.objects.filter(job=job, status="pending").exclude(due_at=None).update(due_at=Now())
        due = JobStep.objects.filter(job=job).exclude(due_at=None).order_by("pk").first()
        if due is None:
            break
        jobs.advance_step(due.pk)
    job.refresh_from_db()
    return job
