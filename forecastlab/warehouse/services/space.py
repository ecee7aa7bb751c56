"""A disk that is full, told as what it is: by the files of a job as by the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.db import OperationalError
from polars.exceptions import PolarsError
from psycopg.errors import DiskFull

from forecastlab.lib.contributions import StepContext, StepResult
from forecastlab.warehouse.gateways import texts
from forecastlab.warehouse.gateways.texts import NoRoom

Step = Callable[[StepContext], StepResult]


def guarded(step: Step) -> Step:
    """Let a step that finds no room fail at once with NoRoom, and not be tried again."""

    @wraps(step)
    def run(context: StepContext) -> StepResult:
        try:
            return step(context)
        except (OSError, PolarsError, OperationalError) as error:
            full = _of_database(error) or texts.no_room(error)
            if full is None:
                raise
            raise full from error

    return run


def _of_database(error: Exception) -> NoRoom | None:
    if isinstance(error.__cause__, DiskFull):
        return NoRoom("There is no room left on the disk of the database. Nothing was stored.")
    return None
