"""Reading what may not be readable, without harm to the transaction around it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from django.db import connection, transaction


def uncertain() -> AbstractContextManager[None]:
    """Let what is read inside fail: in a transaction behind a savepoint, elsewhere as it is."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
