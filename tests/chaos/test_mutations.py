"""A test that stays green without what it guards is no test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from tests import services
from tests.mutations import MUTATIONS, Mutation

pytestmark = pytest.mark.chaos

BASE_DIR = Path(__file__).resolve().parent.parent.parent
COPIED = (
    *("agents", "forecastlab", "showcase"),
    *("tests", "templates", "static", "docs", "pyproject.toml"),
)
FAILED = 1  # pytest's word for "tests ran, and some failed"
# What tells a process that it is one of several; these tests run alone.
XDIST = ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")
HANGS = 60  # seconds after which a mutated test has noticed by waiting in vain
# Plugins of no use here; that of hypothesis reads all sources each time.
WITHOUT = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist")
# Which database: the one that is there, not migrated again, or one that goes with the test.
REUSE, ANEW = ("--reuse-db", "--no-migrations"), ("--create-db",)


class Outcome(NamedTuple):
    code: int
    printed: str


def _of_tables(mutation: Mutation) -> bool:
    """Whether it shows only in a database that is made anew, which none may come after."""
    return "/migrations/" in mutation.file


LAST_THOSE_OF_TABLES = sorted(MUTATIONS, key=_of_tables)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree that may be broken."""
    folder = tmp_path_factory.mktemp("mutated")
    for name in COPIED:
        source = BASE_DIR / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    yield folder
    shutil.rmtree(folder)
    # Messages that nobody came for would count in the tests after these.
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushall()


@pytest.fixture(scope="module")
def database(copy: Path) -> None:
    """Make the database that all use, beside this process's own one."""
    outcome = _pytest(copy, "--create-db", "--reuse-db", MUTATIONS[0].test)
    assert outcome.code == 0, outcome.printed


@pytest.mark.usefixtures("database")
def test_without_a_mutation_they_are_green(copy: Path) -> None:
    """One of each file, run as the mutated ones are: in the tree itself they run all."""
    tests = {one.test.partition("::")[0]: one.test for one in MUTATIONS}

    outcome = _pytest(copy, *REUSE, *sorted(tests.values()))

    assert outcome.code == 0, outcome.printed


@pytest.mark.parametrize("mutation", LAST_THOSE_OF_TABLES, ids=lambda one: one.name)
@pytest.mark.usefixtures("database")
def test_its_test_notices(copy: Path, mutation: Mutation) -> None:
    path = copy / mutation.file
    original = path.read_text()
    assert original.count(mutation.original) == 1, f"'{mutation.original}' in {mutation.file}"
    path.write_text(original.replace(mutation.original, mutation.mutated))

    outcome = _pytest(copy, *(ANEW if _of_tables(mutation) else REUSE), mutation.test)

    path.write_text(original)
    assert outcome.code == FAILED, outcome.printed


def _pytest(folder: Path, *arguments: str) -> Outcome:
    """Run tests in a process of their own, with the servers of this one."""
    environment = {**os.environ, services.GIVEN: "yes"}
    environment = {name: value for name, value in environment.items() if name not in XDIST}
    command = [sys.executable, "-m", "pytest", "-qx", f"--timeout={HANGS}"]
    # A file, not a pipe: servers that outlive a killed pytest would hold a pipe open.
    with (folder / "outcome.log").open("w+") as log:
        code = subprocess.run(
            [*command, *WITHOUT, *arguments],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            check=False,
        ).returncode
        log.seek(0)
        return Outcome(code, log.read()[-3000:])
