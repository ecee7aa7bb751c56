"""Tasks that start once the transaction has committed, named by their path."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import Task
from django.db import transaction
from django.utils.module_loading import import_string

from forecastlab.lib import logs


class BoundTask(Task):  # type: ignore[type-arg]
    """Every task logs under its name and the ids that it was given."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        ids = {name: value for name, value in kwargs.items() if name.endswith("_id")}
        with logs.bound(task=self.name, **ids):
            return super().__call__(*args, **kwargs)


# Of Celery's steps for Redis (0, 3, 6, 9) the one behind the usual 0.
LATER = 3


def enqueue(
    path: str,
    *,
    countdown: float = 0,
    queue: str = "",
    time_limit: float = 0,
    later: bool = False,
    **kwargs: Any,
) -> None:
    """Apply the task at dotted `path` once the current transaction has committed.

    After `time_limit` seconds it is interrupted by SoftTimeLimitExceeded, a minute later killed.
    Workers take what may be done `later` when nothing else is in its queue.

    A broker that fails then is logged, not raised: the rows stand, and a sweep calls again.
    """
    task = import_string(path)
    options: dict[str, Any] = {"countdown": countdown} if countdown else {}
    if queue:
        options["queue"] = queue
    if later:
        options["priority"] = LATER
    if time_limit:
        options |= {"soft_time_limit": time_limit, "time_limit": time_limit + 60}
    transaction.on_commit(partial(task.apply_async, kwargs=kwargs, **options), robust=True)
