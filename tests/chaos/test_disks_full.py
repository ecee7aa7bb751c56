"""A disk that fills up while sales come in: a clear message, no rows, no partition, no files.

The disks are small file systems in memory, so that what fails is the real thing; to mount one
takes the rights of root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import Dataset, DatasetVersion
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options
from tests.chaos.test_imports_killed import folders, partitions_without_version
from tests.factories import make_user
from tests.jobs_lab.workers import Lab, over

pytestmark = pytest.mark.chaos

HEAD = "store,product,date,sales\n"
MEGABYTES = 8


def sales(days: int, *, stores: int = 40) -> str:
    """Write rows of numbers that hardly shrink when they are packed."""
    rows = (
        f"S{store},1,{2000 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02},"
        f"{(store * 7919 + day * 104729) % 999983 / 7:.6f}"
        for store in range(stores)
        for day in range(days)
    )
    return HEAD + "\n".join(rows) + "\n"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="forecastlab-disk-"))
    folder.chmod(0o755)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, check=False).returncode:
        folder.rmdir()
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def small_uploads(small_disk: Path, settings: Any, tmp_path: Path) -> Path:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    settings.ARTEFACT_ROOT.mkdir()
    settings.UPLOAD_ROOT.symlink_to(small_disk)
    return small_disk


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("ab") as stream:
        while True:
            stream.write(b"x" * 4096)
            stream.flush()
    return ballast


def start(text: str, **options: Any) -> Job:
    upload = uploads.receive([text.encode()], file_name="sales.csv")
    alice = User.objects.filter(username="alice").first() or make_user("alice")
    wanted = Options(**options)
    return imports.start("shop", upload, options=wanted, by=alice, at=timezone.now())


@pytest.mark.parametrize(
    "place", ["", "import-staged", "import-checked"], ids=["stage", "check", "merge"]
)
def test_no_room_for_the_files_of_an_import(
    lab: Lab, settings: Any, small_uploads: Path, place: str
) -> None:
    lab.env["FORECASTLAB_ARTEFACTS"] = str(settings.ARTEFACT_ROOT)
    lab.worker()
    over(start(sales(100)))
    before = partitions_without_version()
    if place:
        lab.arm(place)
    job = start(sales(400), mode="append")
    if place:
        lab.held_at(place)
        ballast = fill(small_uploads)
        lab.release(place)
    else:
        ballast = fill(small_uploads)

    over(job)

    ballast.unlink()
    assert job.status == "failed"
    assert job.error["detail"] == (
        "There is no room left on the disk of the server. Nothing was stored."
    )
    assert DatasetVersion.objects.get().number == 1
    assert partitions_without_version() == before
    assert not folders(settings)


@pytest.mark.usefixtures("transactional_db")
def test_no_room_for_an_upload(settings: Any, small_uploads: Path) -> None:
    client = Client()
    client.force_login(make_user("alice"))
    ballast = fill(small_uploads)

    file = SimpleUploadedFile("sales.csv", sales(400).encode())
    answer = client.post("/imports/new/", {"name": "shop", "file": file})

    ballast.unlink()
    assert answer.status_code < 500 or answer.status_code == 503
    assert "no room left on the disk" in answer.content.decode()
    assert not folders(settings)


@pytest.fixture
def small_database(transactional_db: None, small_disk: Path) -> Iterator[str]:
    """A table space that is soon full, for the tables of whoever asks for it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        owner = Path(cursor.fetchone()[0]).stat()
        space = small_disk / "space"
        space.mkdir()
        os.chown(space, owner.st_uid, owner.st_gid)
        cursor.execute("CREATE TABLESPACE small LOCATION %s", [str(space)])
        yield "small"
        cursor.execute("DROP TABLESPACE small")


def test_no_room_for_the_facts_in_the_database(
    small_database: str, lab: Lab, settings: Any, tmp_path: Path
) -> None:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    lab.env["FORECASTLAB_ARTEFACTS"] = str(settings.ARTEFACT_ROOT)
    lab.env["PGOPTIONS"] = f"-c default_tablespace={small_database}"
    lab.worker()
    before = partitions_without_version()

    job = over(start(sales(3000)))

    assert job.status == "failed"
    assert job.error["detail"] == (
        "There is no room left on the disk of the database. Nothing was stored."
    )
    assert not Dataset.objects.exists()
    assert partitions_without_version() == before
    assert not folders(settings)
