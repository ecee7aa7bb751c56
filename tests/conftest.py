"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

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


@pytest.fixture(autouse=True)
def _no_agent_works_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs skip their agents, but for the tests of agents, which work their sessions off."""
    monkeypatch.setattr("django.conf.settings.FORECASTLAB_LLM", "none")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let go of the database before it is dropped: bookmarks have connections of their own."""
    yield
    used = sys.modules.get("agents.gateways.checkpoints")
    if used is not None:
        used.close()


LONGEST_NAME = 100
# Most tables are empty after a test, and emptying one that is takes PostgreSQL milliseconds.
EMPTY = """
DO $$
DECLARE
    one record;
    filled boolean;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR one IN
        SELECT oid::regclass AS name, relkind FROM pg_class WHERE oid = ANY ({tables}::regclass[])
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.name) INTO filled;
        CONTINUE WHEN NOT filled;
        IF one.relkind = 'p' THEN
            EXECUTE format('TRUNCATE %s', one.name);
        ELSE
            EXECUTE format('DELETE FROM %s', one.name);
        END IF;
    END LOOP;
END $$
"""


@pytest.fixture(autouse=True, scope="session")
def _only_filled_tables_are_emptied() -> Iterator[None]:
    """Empty the database after a test that commits without touching tables that are empty."""

    def sql_flush(_self: object, _style: object, tables: list[str], **_: object) -> list[str]:
        quoted = ",".join(f'"{one}"' for one in tables)
        return [EMPTY.format(tables=f"'{{{quoted}}}'")] if tables else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets that lies beside the clone."""
    folder = BASE_DIR.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is missing")
    return folder


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case by what fits on a line, and not by bytes, which chance may have drawn."""
    if isinstance(val, bytes):
        return "bytes"
    if isinstance(val, str) and len(val) > LONGEST_NAME:
        return val[:LONGEST_NAME].encode("unicode_escape").decode()
    return None


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
