"""SIGKILL while a bundle is packed, and again before its storing is told: one bundle, whole."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from forecastlab.lib import artefacts
from showcase.domain import bundle_verdicts
from showcase.models import Bundle, Run
from showcase.services import exporting, workbench
from tests.factories import make_run
from tests.jobs_lab.workers import Lab, over

pytestmark = pytest.mark.chaos

PLACES = ("bundle-packing", "before-close-check")


@pytest.fixture
def workers(lab: Lab, settings: Any, tmp_path: Path) -> Lab:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    lab.env |= {
        "FORECASTLAB_ARTEFACTS": str(settings.ARTEFACT_ROOT),
        "FORECASTLAB_SIGNING_KEY": "1f" * 32,
    }
    lab.worker()
    lab.beat()
    return lab


def test_an_export_that_is_killed_makes_one_whole_bundle(workers: Lab) -> None:
    run = make_run(keep="spring", models=["naive"])
    workers.cancel(run.job)
    over(run.job)
    run.refresh_from_db()
    for place in PLACES:
        workers.arm(place)
    by = run.requested_by
    assert by is not None
    job = exporting.start(run.workspace, contents=[], by=by, at=timezone.now())

    for place in PLACES:
        held = workers.held_at(place)
        stored = Bundle.objects.filter(job=job).count()
        assert stored == (place == "before-close-check")
        os.kill(held, signal.SIGKILL)
    over(job)

    assert job.status == "succeeded", job.error
    bundle = Bundle.objects.get()
    with artefacts.open(bundle.digest) as stream:
        assert bundle_verdicts.judge(stream).valid
    assert not workbench.of_job(job.pk).exists()
    assert Run.objects.get().status == "cancelled"
