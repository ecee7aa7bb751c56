"""SIGKILL, by process id, at named places of the machinery; work goes on within 30 s."""

from __future__ import annotations

import os
import signal

import pytest

from forecastlab.events import queries as events
from tests.factories import make_job
from tests.jobs_lab.workers import Lab, over

pytestmark = pytest.mark.chaos


def test_a_job_goes_through_real_workers(lab: Lab) -> None:
    lab.worker()

    job = over(make_job(folder=str(lab.folder)))

    assert job.status == "succeeded"
    assert lab.notes() == ["one", "two", "three"]


@pytest.mark.parametrize("place", ["after-claim", "inside-two", "before-close", "in-fence-two"])
def test_a_killed_process_costs_a_repetition_and_nothing_else(lab: Lab, place: str) -> None:
    lab.worker()
    lab.beat()
    lab.arm(place)
    orders = {name: {"mark": True} for name in ("one", "two", "three")}
    job = make_job(folder=str(lab.folder), orders=orders)

    os.kill(lab.held_at(place), signal.SIGKILL)
    over(job)

    assert job.status == "succeeded"
    marks = [event.kind for event in events.after(f"lab.{job.pk}", 0)]
    assert marks == ["one", "two", "three"]
