from __future__ import annotations

import pytest

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from tests.factories import make_job, run_job

pytestmark = pytest.mark.django_db


def test_a_job_runs_its_steps_in_order_and_succeeds() -> None:
    job = run_job(make_job())

    assert (job.status, job.progress) == ("succeeded", 100)
    steps = list(job.steps.order_by("position").values_list("name", "status", "outcome"))
    assert steps == [("one", "done", "pass"), ("two", "done", "pass"), ("three", "done", "pass")]


def test_every_change_is_an_event_of_the_job() -> None:
    job = run_job(make_job(steps=["one"]))

    kinds = [event.kind for event in events.after(job.stream, 0)]
    assert kinds == [
        "job.queued",
        "job.running",
        "step.running",
        "step.done",
        "job.succeeded",
    ]
    assert Job.objects.get().queue_seconds is not None
