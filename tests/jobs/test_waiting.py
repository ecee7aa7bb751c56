from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.jobs.services import closing, jobs
from tests.factories import claim_job, make_job, run_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def parked(tmp_path: Path) -> Job:
    job = make_job(folder=str(tmp_path), orders={"two": {"do": "wait"}})
    jobs.advance(job.pk)
    jobs.advance(job.pk)
    job.refresh_from_db()
    return job


def test_a_waiting_job_holds_no_worker(parked: Job) -> None:
    step = parked.steps.get(position=1)

    assert (parked.status, step.status, step.lease_until, step.due_at) == (
        "waiting",
        "waiting",
        None,
        None,
    )


def test_requeued_it_runs_the_step_again_and_goes_on(parked: Job, tmp_path: Path) -> None:
    (tmp_path / "woken").touch()

    job = run_job(jobs.requeue(parked, at=timezone.now()))

    assert job.status == "succeeded"


def test_whoever_answers_before_the_job_has_parked_is_not_lost() -> None:
    job = make_job()
    lease, _ = claim_job(job)
    jobs.requeue(job, at=timezone.now())

    closing.park(lease, detail="Waiting for the baker", at=timezone.now())

    job.refresh_from_db()
    assert (job.status, job.wake_requested) == ("running", False)
    assert job.steps.get(position=0).due_at is not None


def test_a_job_that_is_over_is_not_requeued() -> None:
    job = run_job(make_job())

    with pytest.raises(jobs.JobNotWaiting, match="is over: succeeded"):
        jobs.requeue(job, at=timezone.now())
