"""What a step says is stored now and then, and the last of it always."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from forecastlab.jobs.models import Job, JobStep, StepLog
from forecastlab.jobs.services import closing, leases
from forecastlab.jobs.services.leases import Lease
from forecastlab.jobs.services.reporting import Reporter, TimeLeft
from forecastlab.lib.contributions import FanOut
from tests.factories import claim_job, make_job
from tests.jobs_lab.workers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claimed() -> tuple[Lease, JobStep]:
    return claim_job(make_job(steps=["one"]))


@pytest.fixture
def report(claimed: tuple[Lease, JobStep]) -> Iterator[Reporter]:
    reporter = Reporter(*claimed, TimeLeft(job=60))
    yield reporter
    reporter.end()


def told(step: JobStep) -> tuple[int, str]:
    step.refresh_from_db()
    return step.progress, step.detail


def test_what_was_said_last_is_stored_although_nothing_follows(
    report: Reporter, claimed: tuple[Lease, JobStep]
) -> None:
    _, step = claimed

    report(0.1, "Reading")
    report(0.4, "Fitting")
    report(None, "Fitting for long")

    assert told(step) == (10, "Reading")
    wait_for(lambda: told(step) == (40, "Fitting for long"), what="the last words", within=5)
    job, log = Job.objects.filter(pk=step.job_id), StepLog.objects.filter(step=step)
    wait_for(lambda: job.get().note == "Fitting for long", what="the job's note", within=5)
    wait_for(lambda: log.get().lines[-1].endswith(" Fitting for long"), what="the log", within=5)


def test_what_is_said_inside_the_fence_is_stored_after_it(
    report: Reporter, claimed: tuple[Lease, JobStep]
) -> None:
    _, step = claimed

    with report.fenced():
        report(0.4, "Loading")
        time.sleep(0.5)  # the timer must neither store it nor stand in the way
        report(0.5, "Still loading")

    assert told(step) == (50, "Still loading")


def test_of_shards_too_the_job_says_what_was_said_last(claimed: tuple[Lease, JobStep]) -> None:
    lease, parent = claimed
    closing.split(lease, FanOut([{}]), at=parent.job.created_at)
    one = leases.claim(parent.shards.get().pk, worker="tests//1", at=parent.job.created_at)
    assert one is not None
    report = Reporter(*one, TimeLeft(job=60))

    report(0.1, "Training Naive")
    time.sleep(0.15)
    report(0.2, "Training LightGBM")

    assert told(one[1]) == (20, "Training LightGBM")
    job = Job.objects.filter(pk=parent.job_id)
    wait_for(lambda: job.get().note == "Training LightGBM", what="the note", within=5)
    report.end()


def test_what_a_zombie_said_last_is_dropped(
    report: Reporter, claimed: tuple[Lease, JobStep]
) -> None:
    _, step = claimed
    report(0.1, "Reading")
    report(0.4, "Fitting")

    JobStep.objects.filter(pk=step.pk).update(fence=step.fence + 1)
    time.sleep(0.5)

    assert told(step) == (10, "Reading")
