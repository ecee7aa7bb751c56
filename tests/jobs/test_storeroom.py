from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from forecastlab.jobs import tasks
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import storeroom
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import ArtefactReferrer
from tests.factories import make_job
from tests.jobs_lab import job_kinds

pytestmark = pytest.mark.django_db
TWO_DAYS = 2 * 24 * 3600


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.ARTEFACT_ROOT = tmp_path / "store"
    with kinds.registered(job_kinds.lab):
        yield Path(settings.ARTEFACT_ROOT)


def make_artefact(content: bytes, *, age: float = TWO_DAYS) -> str:
    digest = artefacts.put(content)
    then = time.time() - age
    os.utime(artefacts.path(digest), (then, then))
    return digest


def is_there(digest: str) -> bool:
    try:
        artefacts.verify(digest)
    except artefacts.ArtefactMissing:
        return False
    return True


def make_step_that_names(digest: str, *, status: str) -> None:
    job = make_job()
    over = timezone.now() if status in {"failed", "succeeded", "cancelled"} else None
    Job.objects.filter(pk=job.pk).update(status=status, finished_at=over)
    data = {"shards": [{"index": 0, "digest": digest}]}
    JobStep.objects.filter(job=job, position=0).update(data=data)


def test_an_old_artefact_that_no_row_refers_to_goes() -> None:
    orphan, young = make_artefact(b"orphan"), make_artefact(b"young", age=3600)

    tasks.sweep_artefacts()

    assert not is_there(orphan)
    assert is_there(young)


def test_an_artefact_that_an_app_refers_to_stays() -> None:
    kept = make_artefact(b"kept")
    referrer = ArtefactReferrer("trial", lambda: [kept])

    with registry.contributing("referrers", referrer):
        tasks.sweep_artefacts()

    assert is_there(kept)


@pytest.mark.parametrize(
    ("status", "stays"),
    [("running", True), ("failed", True), ("succeeded", False), ("cancelled", False)],
)
def test_working_files_stay_while_a_job_may_go_on(status: str, stays: bool) -> None:
    digest = make_artefact(b"panel")
    make_step_that_names(digest, status=status)

    tasks.sweep_artefacts()

    assert is_there(digest) is stays


def test_bytes_that_are_stored_again_while_a_sweep_runs_stay() -> None:
    digest = make_artefact(b"again")

    def store_again() -> list[str]:
        artefacts.put(b"again")
        return []

    with registry.contributing("referrers", ArtefactReferrer("trial", store_again)):
        tasks.sweep_artefacts()

    assert is_there(digest)


def test_what_killed_writers_left_goes_and_uploads_are_left_alone(store: Path) -> None:
    folder = artefacts.path(make_artefact(b"young", age=0)).parent
    draft, upload = folder / ".abc.1234", store / "uploads" / ("a" * 32) / "source"
    upload.parent.mkdir(parents=True)
    for path in (draft, upload):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - TWO_DAYS,) * 2)

    tasks.sweep_artefacts()

    assert not draft.exists()
    assert upload.exists()


@pytest.mark.django_db(transaction=True)
def test_a_second_sweep_at_once_does_nothing() -> None:
    orphan = make_artefact(b"orphan")

    def sweep() -> None:
        try:
            storeroom.sweep(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [storeroom.LOCK])
        pool.submit(sweep).result()

    assert is_there(orphan)
