"""The services that a run leans on, each asked with a time limit."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection

from forecastlab.lib import redis_clients


def _timed(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began


def ask_database() -> float:
    """Return the seconds of one round trip; raises django.db.DatabaseError."""
    with connection.cursor() as cursor:
        return _timed(lambda: cursor.execute("SELECT 1"))


def ask_redis() -> float:
    """Return the seconds of one round trip; raises redis.RedisError."""
    with redis_clients.brief(settings.REDIS_URL) as client:
        client.ping()
        return _timed(client.ping)


def free_bytes() -> int:
    """Return what is free on the disk of the artefact store; raises OSError."""
    root = Path(settings.ARTEFACT_ROOT)
    while not root.exists():
        root = root.parent
    return shutil.disk_usage(root).free


def write_artefact() -> None:
    """Write a file into the artefact store and take it away again; raises OSError."""
    store = storages["artefacts"]
    name = store.save(f"probe/{secrets.token_hex(8)}", ContentFile(b"probe"))
    store.delete(name)
