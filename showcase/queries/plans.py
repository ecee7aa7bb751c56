"""What a run with these options would do: its rows, its folds, and how long that took before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Protocol

from forecastlab.forecasting.domain.folds import Folds
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.domain.simulator import config as simulator
from forecastlab.warehouse.models import Dataset, DatasetVersion
from showcase.domain import estimates
from showcase.domain.config import Sales
from showcase.domain.estimates import Estimate
from showcase.domain.pipeline import Row
from showcase.models import Run
from showcase.queries import durations

# Runs over a half to the double of the rows say how long a run takes.
LIKE = 2


class Prepared(Protocol):
    """What `services.configs.prepare` gives."""

    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def config_hash(self) -> str: ...
    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def sales(self) -> Sales: ...
    @property
    def dataset(self) -> Dataset | None: ...
    @property
    def version(self) -> DatasetVersion | None: ...
    @property
    def keep(self) -> str | None: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def folds(self) -> Folds: ...
    @property
    def slot(self) -> str: ...


def shown(prepared: Prepared) -> dict[str, Any]:
    """Return a plan as a dry run prints it."""
    version, took = prepared.version, estimate(prepared)
    return {
        "dry_run": True,
        "dataset": version.ref if version else None,
        "content_hash": version.content_hash if version else None,
        "config": dict(prepared.config),
        "config_hash": prepared.config_hash,
        "workspace": prepared.keep,
        "warnings": list(prepared.warnings),
        "history": {"needed": needed(prepared), "there": prepared.sales.periods},
        "folds": [{"first": first, "last": last} for first, last in windows(prepared)],
        "estimate": {"low": took.low, "high": took.high, "runs": took.samples} if took else None,
        "steps": [
            {"index": index, "name": row.step.name, "phase": row.step.phase}
            for index, row in enumerate(prepared.rows, start=1)
        ],
    }


def needed(prepared: Prepared) -> int:
    """Return how many periods the folds and what lies before the first of them take."""
    return prepared.folds.span + prepared.sales.defaults.history


def windows(prepared: Prepared) -> list[tuple[str, str]]:
    """Return the first and the last period of each fold, oldest first, dated where they have dates.

    Nothing where the history is not known yet.
    """
    periods = prepared.sales.periods
    if not periods:
        return []
    calendar = _calendar(prepared)
    judged = prepared.folds.windows(periods)
    return [(calendar.label(one.start), calendar.label(one.end)) for one in judged]


def _calendar(prepared: Prepared) -> Calendar:
    if prepared.version:
        return prepared.version.calendar
    drawn = simulator.from_json(prepared.config["simulate"])
    return Calendar(Frequency.DAY, datetime.combine(drawn.first, time()))


def estimate(prepared: Prepared) -> Estimate | None:
    """Return what runs with the same models and folds took over about as many rows.

    None under five of them.
    """
    config, rows = prepared.config, _rows(prepared)
    same = Run.objects.filter(
        version__rows__range=(rows // LIKE, rows * LIKE),
        config__models=config["models"],
        config__folds=config["folds"],
        config__table=config["table"],
    )
    return estimates.of_step(durations.of_whole(same))


def _rows(prepared: Prepared) -> int:
    if prepared.version:
        return prepared.version.rows
    drawn = prepared.config["simulate"]
    return int(drawn["stores"] * drawn["products"] * prepared.sales.periods)
