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


class Outcome(NamedTuple):
    code: int
    printed: str


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


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_its_test_notices(copy: Path, mutation: Mutation) -> None:
    path = copy / mutation.file
    sound = path.read_text()
    assert sound.count(mutation.original) == 1, f"'{mutation.original}' in {mutation.file}"
    path.write_text(sound.replace(mutation.original, mutation.mutated))

    outcome = _pytest(copy, mutation.test, anew="/migrations/" in mutation.file)

    path.write_text(sound)
    assert outcome.code == FAILED, outcome.printed


def test_without_a_mutation_they_are_green(copy: Path) -> None:
    """One of each file: in the tree itself they run all."""
    tests = {one.test.partition("::")[0]: one.test for one in MUTATIONS}

    outcome = _pytest(copy, *sorted(tests.values()))

    assert outcome.code == 0, outcome.printed


def _pytest(folder: Path, *tests: str, anew: bool = False) -> Outcome:
    """Run tests in a process of their own, on a database beside this process's own one.

    It is the same one for all, but where it is to be made `anew`.
    """
    environment = {**os.environ, services.GIVEN: "yes"}
    environment = {name: value for name, value in environment.items() if name not in XDIST}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-qx",
        "-p",
        "no:cacheprovider",
        f"--timeout={HANGS}",
    ]
    # A file, not a pipe: servers that outlive a killed pytest would hold a pipe open.
    with (folder / "outcome.log").open("w+") as log:
        code = subprocess.run(
            [*command, "--create-db" if anew else "--reuse-db", *tests],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            check=False,
        ).returncode
        log.seek(0)
        return Outcome(code, log.read()[-3000:])
