"""A test that stays green without what it guards is no test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutations import MUTATIONS, Mutation

pytestmark = pytest.mark.chaos

BASE_DIR = Path(__file__).resolve().parent.parent.parent
COPIED = ("forecastlab", "showcase", "tests", "templates", "static", "docs", "pyproject.toml")
FAILED = 1  # pytest's word for "tests ran, and some failed"


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


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_its_test_notices(copy: Path, mutation: Mutation) -> None:
    path = copy / mutation.file
    sound = path.read_text()
    assert sound.count(mutation.original) == 1, f"'{mutation.original}' in {mutation.file}"
    path.write_text(sound.replace(mutation.original, mutation.mutated))

    outcome = _pytest(copy, mutation.test)

    path.write_text(sound)
    assert outcome.returncode == FAILED, outcome.stdout[-3000:] + outcome.stderr[-3000:]


def test_without_a_mutation_they_are_green(copy: Path) -> None:
    outcome = _pytest(copy, *sorted({one.test for one in MUTATIONS}))

    assert outcome.returncode == 0, outcome.stdout[-3000:]


def _pytest(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "FORECASTLAB_HOME"}
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
