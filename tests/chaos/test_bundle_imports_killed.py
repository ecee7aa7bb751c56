"""SIGKILL, and a stop, wherever an import of a bundle stands: one workspace, or nothing at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from forecastlab.jobs.models import Job
from showcase.models import Run, StepRun, Workspace
from showcase.services import importing
from tests.factories import make_user
from tests.jobs_lab.workers import Lab, over
from tests.showcase.made_bundles import NAME, STEPS, files, packed

pytestmark = pytest.mark.chaos

PLACES = ("bundle-checked", "bundle-sales-loaded", "before-close-load")


@pytest.fixture
def workers(lab: Lab, settings: Any, tmp_path: Path) -> Lab:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    lab.env["FORECASTLAB_ARTEFACTS"] = str(settings.ARTEFACT_ROOT)
    lab.worker()
    lab.beat()
    return lab


def start() -> Job:
    received = importing.receive([packed(files())], file_name="rich-a.zip")
    return importing.start(received, by=make_user(), at=timezone.now())


def test_an_import_that_is_killed_makes_one_workspace(workers: Lab, settings: Any) -> None:
    for place in PLACES:
        workers.arm(place)
    job = start()

    for place in PLACES:
        held = workers.held_at(place)
        assert Run.objects.count() == (place == "before-close-load")
        os.kill(held, signal.SIGKILL)
    over(job)

    assert job.status == "succeeded", job.error
    assert Workspace.objects.get().name == NAME
    assert StepRun.objects.count() == len(STEPS)
    assert not list(settings.UPLOAD_ROOT.iterdir())


@pytest.mark.parametrize("place", PLACES)
def test_an_import_that_is_stopped_leaves_nothing(workers: Lab, settings: Any, place: str) -> None:
    workers.arm(place)
    job = start()
    workers.held_at(place)

    workers.cancel(job)
    workers.release(place)
    over(job)

    assert job.status == "cancelled"
    assert not Run.objects.exists()
    assert not Workspace.objects.exists()
    assert not list(settings.UPLOAD_ROOT.iterdir())
