"""Fixtures that every test may use."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from coverage import Coverage
from django.core.management.commands import flush
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


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object],
) -> Generator[None, object, object]:
    """Measure no coverage while a database is made: of migrations none is asked."""
    measuring = Coverage.current() if fixturedef.argname == "django_db_setup" else None
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


LONGEST_NAME = 100
FAST_CASES = 5
# What the database itself says of the models; only migrations change it.
KEPT = {"auth_permission", "django_content_type"}
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
    """Empty the database after a test that commits without touching tables that are empty.

    What a migration writes of the models stays, and so nobody need write it again.
    """

    def sql_flush(_self: object, _style: object, tables: list[str], **_: object) -> list[str]:
        quoted = ",".join(f'"{one}"' for one in tables if one not in KEPT)
        return [EMPTY.format(tables=f"'{{{quoted}}}'")] if tables else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)
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
    """Mark what is kept together and what is slow, before xdist and `-m` read the marks."""
    cases: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        cases[name] += 1
        _keep_together(item)
        _spare(item, case=cases[name])


def _keep_together(item: pytest.Item) -> None:
    """Keep the tests that start installations or browsers together in one process of xdist.

    All of these are slow. The mutations only start servers of their own and may run beside them,
    in the other process.
    """
    heavy = {"browser", "chaos"} & {mark.name for mark in item.iter_markers()}
    if item.path.name == "test_mutations.py":
        item.add_marker(pytest.mark.xdist_group("mutations"))
    elif heavy or "stack" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("installation"))
        item.add_marker(pytest.mark.slow)


def _spare(item: pytest.Item, *, case: int) -> None:
    """Take the later cases of a test out of the fast ones, if they ask the database."""
    asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    if case > FAST_CASES and (asks or item.get_closest_marker("django_db")):
        item.add_marker(pytest.mark.slow)
