"""What a step says while it works: its newest lines, the current value of one row per step.

They are no facts: a zombie's are dropped, and some may be lost with a connection.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from forecastlab.jobs.models import JobStep, StepLog
from forecastlab.jobs.services.leases import Lease
from forecastlab.lib import logs

MOST_LINES, MOST_CHARACTERS = 200, 500
PAUSE = 1.0  # shards share the row of the step that they are parts of

STORE = f"""
    INSERT INTO {StepLog._meta.db_table} (step_id, lines)
    SELECT %(step)s, %(lines)s::text[]
    FROM {JobStep._meta.db_table} WHERE id = %(told_by)s AND fence = %(fence)s
    ON CONFLICT (step_id) DO UPDATE SET lines = (
        {StepLog._meta.db_table}.lines || EXCLUDED.lines
    )[greatest(
        cardinality({StepLog._meta.db_table}.lines) + cardinality(EXCLUDED.lines)
        - {MOST_LINES - 1}, 1
    ):]
"""  # noqa: S608


class Transcript:
    """Gathers the lines of one try of a step and stores them now and then."""

    def __init__(self, lease: Lease, step: JobStep, *, clock: Callable[[], datetime]) -> None:
        self._lease = lease
        self._step_id = step.parent_id or step.pk
        self._prefix = f"shard {step.position + 1}: " if step.is_shard else ""
        self._clock = clock
        self._unstored: deque[str] = deque(maxlen=MOST_LINES)
        self._last = ""
        self._stored = 0.0

    def say(self, text: str) -> None:
        """Take a line: its time, a blank, its words; one that repeats the last is left out."""
        said = " ".join(logs.struck(text).replace("\0", "").split())[:MOST_CHARACTERS]
        if not said or said == self._last:
            return
        self._last = said
        at = self._clock().isoformat(timespec="milliseconds")
        self._unstored.append(f"{at} {self._prefix}{said}")

    def store_now_and_then(self) -> None:
        if time.monotonic() - self._stored >= PAUSE:
            self.store()

    def store(self) -> None:
        """Add the lines to the row, which keeps the newest; a stale fence adds nothing."""
        # One by one: a step may speak while the timer of its reports stores what it said.
        lines = [self._unstored.popleft() for _ in range(len(self._unstored))]
        if not lines:
            return
        self._stored = time.monotonic()
        values: dict[str, int | list[str]] = {
            "step": self._step_id,
            "lines": lines,
            "told_by": self._lease.step_id,
            "fence": self._lease.fence,
        }
        try:
            with connection.cursor() as cursor:
                cursor.execute(STORE, values)
        except (OperationalError, InterfaceError):
            self._unstored = deque([*lines, *self._unstored], MOST_LINES)
