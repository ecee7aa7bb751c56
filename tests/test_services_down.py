"""A service that is down when work is asked for: one sentence, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from forecastlab.accounts.models import User
from forecastlab.jobs import gateways
from forecastlab.jobs.models import Job
from showcase.models import Run
from tests.factories import make_user, make_version
from tests.stack import BASE_DIR

AT_ONCE = 5.0
SALES = "store,product,date,sales\nA,1,2024-01-01,3\nA,1,2024-01-02,4\n"


@pytest.fixture
def alice(db: None, settings: Any) -> User:
    settings.FORECASTLAB_ACTOR = "alice"
    alice = make_user()
    make_version(by=alice)
    return alice


@pytest.fixture
def no_redis(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    settings.CELERY_BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    gateways._broker.cache_clear()
    yield
    gateways._broker.cache_clear()


def nothing_is_left(settings: Any) -> bool:
    uploads = Path(settings.UPLOAD_ROOT)
    left = list(uploads.iterdir()) if uploads.exists() else []
    return not (Run.objects.exists() or Job.objects.exists() or left)


@pytest.mark.parametrize(
    "command",
    [
        ("run_showcase", "--dataset", "shop"),
        ("backtest", "--dataset", "shop"),
        ("simulate_dataset", "made"),
        ("import_dataset", "sold", "sales.csv"),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.usefixtures("alice", "no_redis")
def test_a_command_without_redis_leaves_with_2_and_nothing(
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sales.csv").write_text(SALES)

    with pytest.raises(SystemExit) as left:
        call_command(*command, "--json")

    error = json.loads(capsys.readouterr().out)["error"]
    assert (left.value.code, error["code"]) == (2, "broker_down")
    assert "REDIS_URL" in error["detail"]
    assert nothing_is_left(settings)


@pytest.mark.usefixtures("no_redis")
def test_a_page_without_redis_says_so_and_starts_nothing(alice: User, settings: Any) -> None:
    client = Client()
    client.force_login(alice)

    began = time.monotonic()
    page = client.post("/runs/new/", {"sales": "dataset:shop"})

    assert time.monotonic() - began < AT_ONCE
    assert page.status_code == 422  # the form, with what was chosen
    assert "Redis does not answer" in page.content.decode()
    assert "hunter2" not in page.content.decode()
    assert nothing_is_left(settings)


@pytest.mark.usefixtures("no_redis")
def test_the_api_without_redis_says_so_and_starts_nothing(alice: User, settings: Any) -> None:
    client = Client()
    client.force_login(alice)

    answer = client.post("/api/v1/runs", {"dataset": "shop"}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (503, "broker_down")
    assert nothing_is_left(settings)


@pytest.mark.slow
def test_lab_without_a_database_is_one_sentence(tmp_path: Path) -> None:
    dead = {
        "DATABASE_URL": "postgresql://lab:hunter2@127.0.0.1:1/lab",
        "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
        "FORECASTLAB_HOME": str(tmp_path / "home"),
    }

    done = subprocess.run(
        [sys.executable, "-m", "forecastlab.lib.embedded.lab", "list_runs"],
        env=os.environ | dead,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "The database does not answer." in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.usefixtures("alice")
def test_a_second_run_at_once_is_queued_by_command_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("run_showcase", "--dataset", "shop", "--json")
    call_command("run_showcase", "--dataset", "shop", "--json")
    capsys.readouterr()

    call_command("list_jobs", "--json")

    jobs = json.loads(capsys.readouterr().out)["items"]
    assert [one["status"] for one in jobs] == ["queued", "queued"]
    assert Job.objects.exclude(exclusive="").count() == 2
