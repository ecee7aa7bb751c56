from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs, storeroom
from forecastlab.lib import artefacts
from forecastlab.warehouse import tasks
from forecastlab.warehouse.gateways import workplace
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options
from tests.factories import make_user, make_version

pytestmark = pytest.mark.django_db
LONG_AGO = time.time() - 2 * 24 * 3600


def make_upload(*, age_of: float = LONG_AGO) -> uploads.Upload:
    upload = uploads.receive(
        [b"store,product,date,quantity\nA,B,2024-01-01,1\n"], file_name="f.csv"
    )
    os.utime(upload.place.folder, (age_of, age_of))
    return upload


def make_import(upload: uploads.Upload, *, by: User) -> Job:
    return imports.start("sales", upload, options=Options(), by=by, at=timezone.now())


def test_an_abandoned_upload_goes_after_a_day() -> None:
    abandoned, young = make_upload(), make_upload(age_of=time.time())

    tasks.sweep_uploads()

    assert not abandoned.place.folder.exists()
    assert young.place.folder.exists()


def test_the_upload_of_an_import_that_waits_stays() -> None:
    upload = make_upload()
    make_import(upload, by=make_user())

    tasks.sweep_uploads()

    assert upload.place.folder.exists()


def test_the_upload_of_an_import_that_was_cancelled_before_it_started_goes() -> None:
    alice, upload = make_user(), make_upload()
    job = make_import(upload, by=alice)
    jobs.cancel(job, by=alice, at=timezone.now())

    tasks.sweep_uploads()

    assert not upload.place.folder.exists()


def test_there_is_nothing_to_sweep_in_a_house_without_uploads(upload_root: Path) -> None:
    tasks.sweep_uploads()

    assert workplace.left_behind([]) == []


def test_the_truth_of_a_version_is_kept_by_its_row() -> None:
    version = make_version()
    version.truth = artefacts.put(b"truth")
    version.save(update_fields=["truth"])

    assert version.truth in storeroom.referred()
