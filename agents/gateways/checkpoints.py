"""Where LangGraph keeps its bookmarks: tables of its own in the schema `agents`.

They may be deleted at any time: whatever they say is said by rows as well.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from django.db import connection
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

SCHEMA = "agents"
TABLES = ("checkpoint_writes", "checkpoint_blobs", "checkpoints")
_KEYS = ("dbname", "user", "password", "host", "port")


def saver() -> PostgresSaver:
    """Return the saver of this process; its connections are made on first use, after a fork."""
    return _saver(os.getpid(), str(connection.settings_dict["NAME"]))


def close() -> None:
    """Close the connections of this process, if it has any; the next use makes new ones."""
    if _saver.cache_info().currsize:
        pool().close()
        _saver.cache_clear()


def forget(threads: Sequence[str]) -> None:
    """Delete the bookmarks of threads that are over."""
    for one in threads:
        saver().delete_thread(one)


def threads(most: int) -> list[str]:
    """Return threads that have bookmarks: any of them, at most so many."""
    known = f"select distinct thread_id from {SCHEMA}.checkpoints"  # noqa: S608
    with pool().connection() as held:
        rows = held.execute(
            f"select thread_id from ({known}) as known order by random() limit %s",  # noqa: S608
            [most],
        )
        return [str(row["thread_id"]) for row in rows]


def forget_all() -> None:
    """Delete every bookmark; sessions go on from their rows."""
    with pool().connection() as held:
        for table in TABLES:
            held.execute(f"delete from {SCHEMA}.{table}")  # noqa: S608


def pool() -> ConnectionPool[Connection[DictRow]]:
    """Return this process's connections to the schema of the bookmarks."""
    return cast("ConnectionPool[Connection[DictRow]]", saver().conn)


@lru_cache(maxsize=4)
def _saver(_process: int, _database: str) -> PostgresSaver:
    given = connection.get_connection_params()
    params: dict[str, Any] = {key: given[key] for key in _KEYS if key in given}
    held: ConnectionPool[Connection[DictRow]] = ConnectionPool(
        kwargs={
            **params,
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
            "options": f"-c search_path={SCHEMA}",
        },
        min_size=0,
        max_size=4,
        open=True,
    )
    atexit.register(held.close)
    try:
        _set_up(held)
    except BaseException:
        held.close()
        raise
    # Bookmarks hold two numbers: nothing but plain types is ever read back from them.
    return PostgresSaver(held, serde=JsonPlusSerializer(allowed_msgpack_modules=None))


def _set_up(made: ConnectionPool[Connection[DictRow]]) -> None:
    """Bring the saver's own tables up to the installed release; one process at a time."""
    with made.connection() as held:
        held.execute("select pg_advisory_lock(hashtext('agents.checkpoints'))")
        try:
            held.execute(f"create schema if not exists {SCHEMA}")
            PostgresSaver(held).setup()
        finally:
            held.execute("select pg_advisory_unlock(hashtext('agents.checkpoints'))")
