"""The same house on a PostgreSQL and a Redis that somebody else runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.stack import BASE_DIR, Stack

pytestmark = pytest.mark.chaos

DATABASE = "external_house"


@pytest.fixture(scope="module")
def house() -> Iterator[Stack]:
    """`manage.py up` on a database of its own in servers that it did not start."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        env = {
            "DATABASE_URL": urlsplit(server)._replace(path=f"/{DATABASE}").geturl(),
            "REDIS_URL": urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl(),
            "FORECASTLAB_ENVIRONMENT": "staging",
        }
        with Stack(env=env) as running:
            yield running
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def alice(house: Stack) -> str:
    """The first administrator, made as docs/how-to/run-with-external-services.md says."""
    house.env["DJANGO_SUPERUSER_PASSWORD"] = "correct horse battery"
    who = ["--username", "alice", "--email", "alice@example.com"]
    done = house.run_command("createsuperuser", "--no-input", *who)
    assert done.returncode == 0, done.stderr
    return "alice"


def test_nothing_of_its_own_is_started_or_made(house: Stack) -> None:
    made = {path.name for path in house.home.iterdir()}

    (people,) = _rows(house, "SELECT count(*) FROM accounts_user WHERE kind = 'person'")

    assert "postgres" not in made
    assert not list((house.home / "redis").iterdir())
    assert people == (0,)
    assert "Sign in:" not in house.log.read_text()


def test_a_command_asks_who_acts(house: Stack) -> None:
    done = house.run_command("run_showcase", "--scenario", "demo_minimal", "--json")

    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["field"] == "as"
    assert "--as USER" in error["detail"]
    assert "FORECASTLAB_ACTOR" in error["detail"]


def test_a_run_by_command_is_worked_off_by_the_workers_there(house: Stack, alice: str) -> None:
    asked = ["run_showcase", "--scenario", "demo_minimal", "--wait", "--as", alice, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "forecastlab.lib.embedded.lab", *asked],
        env=house.env,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"


def test_doctor_finds_the_house_well(house: Stack) -> None:
    assert house.answer("doctor")["findings"] == []


def _rows(house: Stack, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(house.env["DATABASE_URL"]) as connection:
        return connection.execute(query).fetchall()
