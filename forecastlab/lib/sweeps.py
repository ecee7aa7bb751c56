from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Open a transaction; True for one process at a time, False for whoever comes meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(hashtext(%s))", [name])
            first = bool(cursor.fetchone()[0])
        yield first
