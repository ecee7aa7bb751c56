"""How the services are that a run leans on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from forecastlab.jobs.queries import workers
from forecastlab.lib import figures
from showcase import gateways

FREE_NEEDED = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One service: `problem` is empty when it is well; `blocks` says that no run can work so."""

    name: str
    figure: str
    problem: str = ""
    blocks: bool = True


def findings(*, at: datetime) -> list[Finding]:
    """Ask every service once."""
    return [_database(), _redis(), _workers(at), _disk(), _store()]


def _database() -> Finding:
    return _asked("Database", gateways.ask_database, "The database does not answer.")


def _redis() -> Finding:
    return _asked("Message broker", gateways.ask_redis, "Redis does not answer.")


def _asked(name: str, ask: Callable[[], float], problem: str) -> Finding:
    try:
        seconds = ask()
    except (DatabaseError, RedisError):
        return Finding(name, figures.UNKNOWN, problem)
    return Finding(name, f"{max(1, round(seconds * 1000))}{figures.NARROW}ms")


def _workers(at: datetime) -> Finding:
    silent_since = at - timedelta(seconds=settings.WORKER_SILENT_SECONDS)
    crew = workers.crew(since=silent_since)
    figure = f"{crew.alive} ready"
    if not crew.unserved:
        return Finding("Workers", figure)
    names = " and ".join(f"'{queue}'" for queue in crew.unserved)
    return Finding("Workers", figure, f"No worker takes from the queue {names}.", blocks=False)


def _disk() -> Finding:
    try:
        free = gateways.free_bytes()
    except OSError as error:
        return Finding("Storage", figures.UNKNOWN, f"The disk cannot be read: {error.strerror}.")
    figure = f"{figures.size(free)} free"
    if free >= FREE_NEEDED:
        return Finding("Storage", figure)
    needed = figures.size(FREE_NEEDED)
    return Finding("Storage", figure, f"Only {figure}; a run needs {needed}. Make room.")


def _store() -> Finding:
    try:
        gateways.write_artefact()
    except OSError as error:
        problem = f"The artefact store cannot be written: {error.strerror}."
        return Finding("Artefact store", "not writable", problem)
    return Finding("Artefact store", "writable")
