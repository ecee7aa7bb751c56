"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import BASE_DIR, Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A whole running installation, shared by the tests that only use it.

    A test that stops or kills parts of one starts its own `Stack()`.
    """
    with Stack() as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody_waits_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs beside the tests of this process; the tests themselves do the work."""
    monkeypatch.setattr("showcase.services.rows.PATIENCE", 0.0)
    monkeypatch.setattr("forecastlab.jobs.services.following.POLL_SECONDS", 0.02)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets that lies beside the clone."""
    folder = BASE_DIR.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is missing")
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that start installations or browsers together in one process of xdist.

    All of these are slow. The mutations only start servers of their own and may run beside them,
    in the other process. First of all hooks, since xdist and `-m` read the marks in their own.
    """
    for item in items:
        heavy = {"browser", "chaos"} & {mark.name for mark in item.iter_markers()}
        if item.path.name == "test_mutations.py":
            item.add_marker(pytest.mark.xdist_group("mutations"))
        elif heavy or "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("installation"))
            item.add_marker(pytest.mark.slow)
