"""The services that a run leans on, each asked with a time limit; and files of options."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection

from forecastlab.lib import redis_clients, texts
from forecastlab.lib.errors import BadInput


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


def read_options(path: Path) -> dict[str, Any]:
    """Return the options of a run that a file holds as one JSON object; raises BadInput."""
    try:
        sent = json.loads(path.read_text(encoding="utf-8"))
        texts.check(sent)
    except RecursionError as error:
        raise BadInput(f"{path} is nested too deep.", field="config") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", field="config") from error
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}.", field="config") from error
    if not isinstance(sent, dict):
        raise BadInput(f"{path} holds no JSON object of names and values.", field="config")
    return sent


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
