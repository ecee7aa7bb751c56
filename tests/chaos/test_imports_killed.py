"""SIGKILL and cancel inside an import: one version or none, and no files left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options
from tests.factories import make_user
from tests.jobs_lab.workers import Lab, over

pytestmark = pytest.mark.chaos

SALES = "store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-02,4\nB,1,2024-01-01,5\n"
MORE = "store,product,date,sales\nA,1,2024-01-03,7\nB,1,2024-01-01,5\n"
PLACES = ["import-staged", "import-checked", "import-merged", "import-copied"]


@pytest.fixture
def importing(lab: Lab, settings: Any, tmp_path: Path) -> Lab:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    lab.env["FORECASTLAB_ARTEFACTS"] = str(settings.ARTEFACT_ROOT)
    lab.worker()
    lab.beat()
    return lab


def start(folder: Path, text: str = SALES, **options: Any) -> Job:
    path = folder / "sales.csv"
    path.write_text(text)
    upload = uploads.receive_path(path)
    alice = User.objects.filter(username="alice").first() or make_user("alice")
    wanted = Options(**options)
    return imports.start("shop", upload, options=wanted, by=alice, at=timezone.now())


def folders(settings: Any) -> list[Path]:
    return list(Path(settings.UPLOAD_ROOT).iterdir())


def partitions_without_version() -> int:
    wanted = {
        f"warehouse_salesfact_v{pk}" for pk in DatasetVersion.objects.values_list("pk", flat=True)
    }
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
    with connection.cursor() as cursor:
        cursor.execute(query, ["warehouse_salesfact"])
        return len({name for (name,) in cursor.fetchall()} - wanted)


@pytest.mark.parametrize("place", [*PLACES, "before-close"])
def test_a_killed_import_is_loaded_once(importing: Lab, settings: Any, place: str) -> None:
    before = partitions_without_version()
    importing.arm(place)
    job = start(importing.folder)

    os.kill(importing.held_at(place), signal.SIGKILL)
    over(job)

    assert job.status == "succeeded", job.error
    version = DatasetVersion.objects.get()
    assert queries.facts(version)["quantity"].to_list() == [3.0, 4.0, 5.0]
    assert ImportReport.objects.get().version == version
    assert partitions_without_version() == before
    assert not folders(settings)


@pytest.mark.parametrize("place", PLACES)
def test_a_cancelled_import_leaves_nothing(importing: Lab, settings: Any, place: str) -> None:
    before = partitions_without_version()
    importing.arm(place)
    job = start(importing.folder)
    importing.held_at(place)

    importing.cancel(job)
    importing.release(place)
    over(job)

    assert job.status == "cancelled"
    assert not Dataset.objects.exists()
    assert partitions_without_version() == before
    assert not folders(settings)


@pytest.mark.parametrize("place", [*PLACES, "before-close"])
def test_a_killed_addition_is_made_once(importing: Lab, settings: Any, place: str) -> None:
    over(start(importing.folder))
    before = partitions_without_version()
    importing.arm(place)
    job = start(importing.folder, MORE, mode="append")

    os.kill(importing.held_at(place), signal.SIGKILL)
    over(job)

    first, second = DatasetVersion.objects.order_by("number")
    assert job.status == "succeeded", job.error
    assert second.parent == first
    assert sorted(queries.facts(second)["quantity"]) == [3.0, 4.0, 5.0, 7.0]
    assert second.difference["rows"] == {"added": 1, "changed": 0, "removed": 0, "kept": 3}
    assert partitions_without_version() == before
    assert not folders(settings)


@pytest.mark.parametrize("place", PLACES)
def test_a_cancelled_addition_leaves_the_version_before(
    importing: Lab, settings: Any, place: str
) -> None:
    over(start(importing.folder))
    before = partitions_without_version()
    importing.arm(place)
    job = start(importing.folder, MORE, mode="append")
    importing.held_at(place)

    importing.cancel(job)
    importing.release(place)
    over(job)

    assert job.status == "cancelled"
    assert DatasetVersion.objects.get().number == 1
    assert partitions_without_version() == before
    assert not folders(settings)
