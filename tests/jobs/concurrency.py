"""Two or more things at the same time, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Call all `acts` at the same moment, each in a thread."""
    start = threading.Barrier(len(acts))

    def together(act: Callable[[], T]) -> T:
        connection.ensure_connection()
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(lambda act: _with_own_connection(lambda: together(act)), acts))


def overlapping(first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """Begin `second` when `first` has done its work but has not committed it.

    Goes on when `second` is through, or waits for a lock: the worst moment there is, every time.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            begun = first()
            meanwhile = pool.submit(_with_own_connection, second)
            _until_through_or_blocked(meanwhile)
        return begun, meanwhile.result(30)


def _with_own_connection(act: Callable[[], T]) -> T:
    try:
        return act()
    finally:
        connection.close()


def _until_through_or_blocked(future: Future[T]) -> None:
    ends = time.monotonic() + 10
    while not future.done() and time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.005)
