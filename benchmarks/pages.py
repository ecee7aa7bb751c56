"""How long pages take to answer: by the clock, in this process, and in the database.

On a machine that others use too, the clock tells of them; the time of the process does not.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client


@dataclass(slots=True)
class Answer:
    """What one page took, in milliseconds; `sql` is waiting for the database."""

    wall: float = 0.0
    cpu: float = 0.0
    sql: float = 0.0
    queries: int = 0

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Run a statement of the database, as a wrapper of Django's."""
        begin = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            self.sql += 1000 * (time.perf_counter() - begin)
            self.queries += 1


def asked(client: Client, url: str) -> Answer:
    took = Answer()
    begin, worked = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(took):
        answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url}: {answer.status_code}")
    took.wall = 1000 * (time.perf_counter() - begin)
    took.cpu = 1000 * (time.process_time() - worked)
    return took


def asked_in_turn(
    client: Client, pages: Mapping[str, str], *, rounds: int
) -> dict[str, list[Answer]]:
    """Ask for all pages, round after round, so that they meet the same machine.

    The first answers are not counted: they find nothing warm.
    """
    times: dict[str, list[Answer]] = {name: [] for name in pages}
    for _ in range(rounds + 1):
        for name, url in pages.items():
            times[name].append(asked(client, url))
    return {name: found[1:] for name, found in times.items()}


def figures(answers: Sequence[Answer]) -> dict[str, float]:
    told: dict[str, float] = {}
    for name, of in (("", "wall"), ("cpu_", "cpu"), ("sql_", "sql")):
        ranked = statistics.quantiles([getattr(one, of) for one in answers], n=20)
        told[f"{name}p50_ms"], told[f"{name}p95_ms"] = round(ranked[9], 1), round(ranked[18], 1)
    return {**told, "queries": max(one.queries for one in answers)}


def load() -> float:
    """Return how many processes wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1)
