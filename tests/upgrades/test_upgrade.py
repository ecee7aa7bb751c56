"""Databases of earlier days are taken over as they are, with all that they tell."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from forecastlab.lib.embedded import binaries
from tests.stack import BASE_DIR

DUMPS = sorted((Path(__file__).parent / "dumps").glob("*.sql.gz"))
NAME = "upgraded"


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own, filled from the dump that the test names."""
    given = urlsplit(os.environ["DATABASE_URL"])
    name = f"{NAME}_{os.getpid()}"
    url = urlunsplit(given._replace(path=f"/{name}"))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        _restore(request.param, url)
        yield url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _restore(dump: Path, url: str) -> None:
    programs = binaries.postgres_bin(
        Path(tempfile.gettempdir()) / f"forecastlab-binaries-{os.geteuid()}"
    )
    psql = [programs / "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", url]
    subprocess.run(
        psql, input=gzip.decompress(dump.read_bytes()), check=True, capture_output=True, timeout=120
    )


def _manage(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _told(url: str, *arguments: str) -> Any:
    return json.loads(_manage(url, *arguments, "--as", "planner", "--json"))


@pytest.mark.slow
@pytest.mark.parametrize("database", DUMPS, ids=lambda one: one.name, indirect=True)
def test_a_database_of_earlier_days_is_migrated_with_its_story(database: str) -> None:
    _manage(database, "migrate", "--verbosity", "0")

    _manage(database, "migrate", "--check")
    kept = {one["workspace"]: one for one in _told(database, "list_workspaces")["items"]}
    assert set(kept) == {"spring", "spring-r1", "from-elsewhere"}
    assert {one["status"] for one in kept.values()} == {"succeeded"}
    assert len(_told(database, "list_runs")["items"]) == 4
    assert len(_told(database, "list_datasets")["items"]) == 1
    compared = _told(database, "compare_workspaces", "spring", "spring-r1")
    assert compared["metrics"]
    assert not compared["champions"]["gained"]


WITH_AGENTS = [one for one in DUMPS if "agents" in one.name]


@pytest.mark.slow
@pytest.mark.parametrize("database", WITH_AGENTS, ids=lambda one: one.name, indirect=True)
def test_what_agents_asked_for_in_earlier_days_is_still_asked(database: str) -> None:
    _manage(database, "migrate", "--verbosity", "0")

    (asked,) = _told(database, "list_approvals")["items"]
    assert (asked["tool"], asked["status"]) == ("save_plan", "open")
    assert json.loads(_manage(database, "check_sessions", "--json"))["findings"] == []
