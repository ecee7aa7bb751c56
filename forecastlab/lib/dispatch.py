"""Tasks that start once the transaction has committed, named by their path."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string


def enqueue(path: str, *, countdown: float = 0, queue: str = "", **kwargs: Any) -> None:
    """Apply the task at dotted `path` once the current transaction has committed."""
    task = import_string(path)
    options: dict[str, Any] = {"countdown": countdown} if countdown else {}
    if queue:
        options["queue"] = queue
    transaction.on_commit(partial(task.apply_async, kwargs=kwargs, **options))
