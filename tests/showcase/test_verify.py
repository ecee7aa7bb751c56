"""Verification says what is missing, changed or extra: with files alone, and of what is stored."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forecastlab.lib import artefacts
from showcase.domain import bundles
from showcase.models import Bundle, Run, Workspace
from showcase.services import verifying
from tests.factories import make_user
from tests.showcase.made_bundles import NAME, files, flipped, packed
from tests.stack import BASE_DIR

pytestmark = pytest.mark.slow

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


def _verify(path: Path) -> tuple[int, dict[str, Any]]:
    """Run the command here; return its exit code and what it printed."""
    said = io.StringIO()
    code = 0
    try:
        with redirect_stdout(said):
            call_command("verify_bundle", str(path), json=True, stdout=said)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(said.getvalue())


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "bundle.zip"
    path.write_bytes(content)
    return path


def test_it_needs_no_database_and_names_the_file_with_the_flipped_byte(tmp_path: Path) -> None:
    whole = _written(tmp_path, packed(files()))
    bad = tmp_path / "bad.zip"
    bad.write_bytes(flipped(whole.read_bytes(), bundles.STEPS))
    environment = {
        **os.environ,
        "DATABASE_URL": NOWHERE,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "FORECASTLAB_HOME": str(tmp_path / "home"),
    }

    line = [sys.executable, "-m", "forecastlab.lib.embedded.lab", "verify_bundle", "--json"]
    runs = [
        subprocess.run(
            [*line, str(path)], cwd=BASE_DIR, env=environment, capture_output=True, check=False
        )
        for path in (whole, bad)
    ]

    assert [one.returncode for one in runs] == [0, 1], runs
    good, told = (json.loads(one.stdout) for one in runs)
    assert good["valid"]
    assert (good["schema"], good["workspace"]) == (1, NAME)
    assert good["signature"]["valid"]
    assert not good["signature"]["known"]
    assert (told["valid"], told["changed"]) == (False, [bundles.STEPS])
    assert not (tmp_path / "home").exists()  # nothing was started, and no key made


def test_it_lists_what_is_missing_and_what_is_extra(tmp_path: Path) -> None:
    made = files()
    moved = {**made, "more.txt": b"x"}
    del moved[bundles.CONFIG]

    code, told = _verify(_written(tmp_path, packed(moved)))

    assert code == 1
    assert (told["missing"], told["extra"]) == ([bundles.CONFIG], ["more.txt"])


@pytest.mark.parametrize(("name", "code"), [("none.zip", "file_unreadable"), ("", "not_a_zip")])
def test_what_is_no_zip_is_bad_input(tmp_path: Path, name: str, code: str) -> None:
    path = tmp_path / name if name else _written(tmp_path, b"sales\n")

    left, told = _verify(path)

    assert (left, told["error"]["code"]) == (2, code)


@pytest.mark.django_db
def test_what_is_stored_is_read_again_and_the_doctor_tells_of_damage(tmp_path: Path) -> None:
    now = timezone.now()
    alice = make_user()
    run = Run.objects.create(name="a", config={}, config_hash="", created_at=now, status="failed")
    kept = Workspace.objects.create(
        run=run, name=NAME, created_by=alice, created_at=now, updated_at=now, family="f" * 32
    )
    digests = [artefacts.put(packed(files(report__html=one))) for one in (b"a", b"b")]
    for digest in digests:
        Bundle.objects.create(workspace=kept, digest=digest, size=1, files=8, created_at=now)
    with artefacts.open(digests[1]) as stream:
        stored, content = Path(str(stream.name)), stream.read()
    stored.write_bytes(flipped(content, bundles.REPORT))

    with CaptureQueriesContext(connection) as asked:
        looked_at = verifying.sweep(now)
    again = verifying.sweep(now + timedelta(hours=1))

    assert (looked_at, again) == (2, 0)
    # Each bundle in a transaction of its own; the third finds nothing more to do.
    assert sum("pg_try_advisory_xact_lock" in one["sql"] for one in asked) == 3
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", json=True, stdout=said)
    wrong = {one["check"]: one["finding"] for one in json.loads(said.getvalue())["findings"]}
    assert bundles.REPORT in wrong["bundles"]
    assert NAME in wrong["bundles"]
    assert verifying.sweep(now + timedelta(days=2), at_once=0) == 1
