"""SIGKILL and cancel while sales are simulated: one version with its truth, or nothing."""

from __future__ import annotations

import os
import signal
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from forecastlab.jobs.models import Job, JobStep
from forecastlab.lib import artefacts
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import simulations
from forecastlab.warehouse.services.simulations import Asked
from showcase.services import runs
from tests.chaos.test_imports_killed import folders, importing, partitions_without_version
from tests.factories import make_user
from tests.jobs_lab.workers import Lab, over, wait_for
from tests.warehouse.golden import GOLDEN

__all__ = ["importing"]
pytestmark = pytest.mark.chaos

PLACES = ["simulation-drawing", "import-copied"]


def start() -> Job:
    now = timezone.now()
    config = Asked(as_of=date(2026, 11, 21)).config(now)
    return simulations.start("demo", config, by=make_user("alice"), at=now)


def one_version_and_nothing_else(settings: Any, before: int) -> bool:
    version = DatasetVersion.objects.get()
    assert version.content_hash == GOLDEN["demo_minimal"][0]
    assert artefacts.path(version.truth or "").exists()
    assert version.dataset.calendar_days.exists()
    assert partitions_without_version() == before
    assert not folders(settings)
    return True


@pytest.mark.parametrize("place", [*PLACES, "before-close"])
def test_a_killed_simulation_is_loaded_once(importing: Lab, settings: Any, place: str) -> None:
    before = partitions_without_version()
    importing.arm(place)
    job = start()

    os.kill(importing.held_at(place), signal.SIGKILL)
    over(job)

    assert job.status == "succeeded", job.error
    assert one_version_and_nothing_else(settings, before)


@pytest.mark.parametrize("place", PLACES)
def test_a_cancelled_simulation_leaves_nothing(importing: Lab, settings: Any, place: str) -> None:
    before = partitions_without_version()
    importing.arm(place)
    job = start()
    importing.held_at(place)

    importing.cancel(job)
    importing.release(place)
    over(job)

    assert job.status == "cancelled"
    assert not Dataset.objects.exists()
    assert partitions_without_version() == before
    assert not folders(settings)


@pytest.mark.parametrize("place", PLACES)
def test_a_run_whose_sales_are_killed_draws_them_once(
    importing: Lab, settings: Any, place: str
) -> None:
    before = partitions_without_version()
    importing.arm(place)
    asked = {"scenario": "demo_minimal", "seed": 42, "as_of": "2026-11-21"}
    run = runs.start(asked, by=make_user("alice"), at=timezone.now())

    os.kill(importing.held_at(place), signal.SIGKILL)
    step = JobStep.objects.get(job=run.job_id, name="seed")
    wait_for(lambda: JobStep.objects.get(pk=step.pk).outcome == "pass", what="the sales")

    assert one_version_and_nothing_else(settings, before)
