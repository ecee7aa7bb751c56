"""Two or more things at the same time, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, transaction

T = TypeVar("T")
Other = TypeVar("Other")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Call all `acts` at the same moment, each in a thread."""
    start = threading.Barrier(len(acts))

    def together(act: Callable[[], T]) -> T:
        connection.ensure_connection()
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(lambda act: _with_own_connection(lambda: together(act)), acts))


def overlapping(
    first: Callable[[], T], second: Callable[[], Other], then: Callable[[], object] = lambda: None
) -> tuple[T, Other]:
    """Begin `second` when `first` has done its work but has not committed it.

    Goes on when `second` is through, or waits for a lock: the worst moment there is, every time.
    What goes on does `then` before it commits.
    """
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            begun = first()
            meanwhile = pool.submit(_with_own_connection, second)
            _until_through_or_blocked(meanwhile)
            then()
        return begun, meanwhile.result(30)


def overlapping_with(
    held: Callable[[], object], first: Callable[[], T], second: Callable[[], T]
) -> T:
    """As `overlapping`, but `second` already has the locks of `held` when `first` begins."""
    holding, begun = threading.Event(), threading.Event()

    def hold_and_go_on() -> T:
        with transaction.atomic():
            held()
            holding.set()
            assert begun.wait(10)
            return second()

    with ThreadPoolExecutor(1) as pool:
        meanwhile = pool.submit(_with_own_connection, hold_and_go_on)
        assert holding.wait(10)
        with transaction.atomic():
            first()
            begun.set()
            _until_through_or_blocked(meanwhile)
        return meanwhile.result(30)


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
