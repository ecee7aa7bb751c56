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


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets that lies beside the clone."""
    folder = BASE_DIR.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is missing")
    return folder
