"""The sign of life of a worker: one row, written by a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

import psutil
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from forecastlab.jobs.models import WorkerHeartbeat
from forecastlab.jobs.services import sweeping, workers

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # how soon the end of a pool process is noticed

_stopping = threading.Event()


def start(queues: Sequence[str]) -> None:
    """Beat from a thread until `stop`: a busy or blocked main thread is not a dead worker."""
    _stopping.clear()
    threading.Thread(target=_beat_on, args=[queues], name="heartbeat", daemon=True).start()


def stop() -> None:
    """Stop beating; a worker that starts under this name again replaces the row."""
    _stopping.set()


def beat(queues: Sequence[str], pids: Sequence[int]) -> None:
    """Write this worker's row."""
    name, boot, _pid = workers.identity().rsplit("/", 2)
    WorkerHeartbeat.objects.update_or_create(
        name=name,
        defaults={"boot": boot, "queues": list(queues), "pids": list(pids), "seen_at": Now()},
        create_defaults={
            "boot": boot,
            "queues": list(queues),
            "pids": list(pids),
            "seen_at": Now(),
            "started_at": Now(),
        },
    )


def _beat_on(queues: Sequence[str]) -> None:
    known: list[int] = []
    quiet = 0.0
    while True:
        pids = _pool()
        if pids != known or quiet >= settings.HEARTBEAT_SECONDS:
            is_first = not known
            known, quiet = pids, 0.0
            _beat_or_say_why_not(queues, pids, is_first=is_first)
        pause = min(LOOK_SECONDS, settings.HEARTBEAT_SECONDS)
        if _stopping.wait(pause):
            break
        quiet += pause
    connection.close()


def _beat_or_say_why_not(queues: Sequence[str], pids: Sequence[int], *, is_first: bool) -> None:
    try:
        beat(queues, pids)
        if is_first:
            sweeping.sweep()  # whose place this worker takes holds nothing any more
    except (DatabaseError, InterfaceError) as error:
        logger.warning("No heartbeat, the database does not answer: %s", error)
        connection.close()


def _pool() -> list[int]:
    """Return this process and those that it has forked."""
    try:
        children = psutil.Process().children(recursive=True)
    except psutil.Error:
        children = []
    alive = [child.pid for child in children if child.is_running()]
    return sorted([os.getpid(), *alive])
