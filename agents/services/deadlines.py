"""How long a call of a tool may take, as far as it can be held to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.pq import TransactionStatus

from forecastlab.lib.contributions import Report, Transient

# After so many seconds the database is told anew how long a statement may take.
SET_ANEW = 1.0
CANCELLED = "57014"
READS = ("SELECT", "SHOW")
# These end what has begun, or begin what can be ended: they are never refused.
CONTROLS = ("RELEASE", "ROLLBACK", "SAVEPOINT")


class ToolTimeout(Transient):
    """The tool took longer than it may."""

    code = "tool_timeout"


class Deadline:
    """Holds a call to its seconds, and knows whether anything of it was committed.

    Bounded are the statements on Django's connection, with what they wait for locks: PostgreSQL
    cancels the one that runs when the time is over, and none begins after it. `report` raises too,
    so a tool that calculates is bounded where it calls it. Not bounded are calculations between two
    reports, reads over connections of their own (`frames`), and other services, whose clients have
    timeouts of their own. Where such a call hangs, the lease of the session's job runs out, another
    worker takes the session over, and the call is unknown.

    `has_committed` hears of rows written over Django's connection and of nothing else: a tool tells
    the world only after it has committed that it will.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._set_at = 0.0
        self._has_written = False
        self._is_reporting = False
        self.has_committed = False

    def check(self) -> None:
        """Raise ToolTimeout once the time is over."""
        if self.is_over:
            raise self._timeout()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._ends

    def watched(self, report: Report) -> Report:
        """Return a report that raises ToolTimeout once the time is over."""

        def reported(fraction: float | None = None, text: str = "") -> None:
            self.check()
            self._is_reporting = True
            try:
                report(fraction, text)
            finally:
                self._is_reporting = False

        return reported

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Hold what is done inside to the time that is left; raises ToolTimeout."""
        self._limit()
        try:
            with connection.execute_wrapper(self._execute):
                yield
        except OperationalError as error:
            if self.is_over and getattr(error.__cause__, "sqlstate", "") == CANCELLED:
                raise self._timeout() from error
            raise
        finally:
            self._lift()

    def _timeout(self) -> ToolTimeout:
        return ToolTimeout(
            _("It took longer than the %s s that this tool may take.") % f"{self._seconds:g}"
        )

    def _execute(self, execute: Callable[..., Any], sql: Any, *given: Any) -> Any:
        """Stand around every statement; how far a call is, is no effect of it."""
        if self._is_reporting:
            return execute(sql, *given)
        word = sql.lstrip("( \n")[:9].upper() if isinstance(sql, str) else ""
        if not word.startswith(CONTROLS):
            self.check()
            if time.monotonic() - self._set_at > SET_ANEW:
                self._limit()
        is_write = not word.startswith((*READS, *CONTROLS))
        if connection.in_atomic_block:
            self._follow_transaction(is_write=is_write)
            return execute(sql, *given)
        found = execute(sql, *given)
        self.has_committed = self.has_committed or is_write
        return found

    def _follow_transaction(self, *, is_write: bool) -> None:
        """Hear of its commit before anybody else does: what is called by then may hang."""
        heard = [one[1] for one in connection.run_on_commit]
        if self._committed not in heard:
            self._has_written = False
            transaction.on_commit(self._committed)
        self._has_written = self._has_written or is_write

    def _committed(self) -> None:
        self.has_committed = self.has_committed or self._has_written

    def _limit(self) -> None:
        """Tell the database how long a statement may take; a rollback takes that back."""
        connection.ensure_connection()
        self._set_at = time.monotonic()
        left = max(1, math.ceil((self._ends - self._set_at) * 1000))
        if _is_usable():
            with connection.wrap_database_errors:
                connection.connection.execute(
                    "SELECT set_config('statement_timeout', %s, false)", [f"{left}ms"]
                )

    def _lift(self) -> None:
        """Take the limit back; a connection that is gone or rolls back has lost it already."""
        if _is_usable():
            with suppress(psycopg.Error):
                connection.connection.execute("RESET statement_timeout")


def _is_usable() -> bool:
    held = connection.connection
    if held is None or held.closed:
        return False
    return bool(held.info.transaction_status != TransactionStatus.INERROR)
