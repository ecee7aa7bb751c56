"""Runs beside each other: what was asked, on which sales, how it went, and what of that differs.

The first run is the measure of the others. Errors are only ever set against each other where they
were measured on the same folds of the same version; elsewhere they stand side by side, and it is
said why nothing is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forecastlab.lib.errors import BadInput
from showcase.domain.config import LABELS

FEWEST, MOST = 2, 100
# Told and shown in this order; each is 0 to 100 where it is a percentage.
METRICS = ("wape", "mase", "rmsse", "mae", "rmse", "smape", "bias")

Values = Mapping[str, Any]


class Apart(StrEnum):
    """Why the errors of a run are not set against those of the first."""

    NOT_JUDGED = "not_judged"
    OTHER_VERSION = "other_version"
    OTHER_FOLDS = "other_folds"
    OTHER_SERIES = "other_series"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the models of a run were judged on, and how they did; None is undefined.

    `windows` are the folds as (cutoff, start, end), `series` is how many were judged.
    """

    metric: str
    winner: str
    models: Mapping[str, Values]
    windows: Sequence[tuple[str, str, str]]
    series: int


@dataclass(frozen=True, slots=True)
class Side:
    """One run; everything but the errors as names and values."""

    name: str
    content_hash: str
    config: Values = field(default_factory=dict)
    data: Values = field(default_factory=dict)
    durations: Values = field(default_factory=dict)
    story: Values = field(default_factory=dict)
    judged: Judged | None = None

    def error(self, metric: str, model: str = "") -> float | None:
        """Return an error of a model, of the winner where none is named; None is unknown."""
        if self.judged is None:
            return None
        found = self.judged.models.get(model or self.judged.winner, {}).get(metric)
        return float(found) if isinstance(found, int | float) else None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing as every run has it; None where a run has no such thing."""

    what: str
    values: Sequence[Any]
    differs: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one model as every run has it; without a model, that of each run's winner.

    `differences` are to the first run, None where that would not be on the same folds.
    """

    model: str
    metric: str
    values: Sequence[float | None]
    differences: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Moves:
    """How many series one model serves in another run and not in the first, or the reverse."""

    side: int
    model: str
    series: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Who has the least error by the metric of the first run, among those on its folds.

    `leaders` are places among the runs, several where errors are the same, and `gap` is to the
    next of the others. Without a leader it is 0 where all errors are the same, and None where they
    are not comparable.
    """

    metric: str
    leaders: Sequence[int] = ()
    gap: float | None = None


def chosen(names: Iterable[str]) -> list[str]:
    """Return what is to be compared, each once and in order; raises BadInput."""
    found = list(dict.fromkeys(one.strip() for one in names if one.strip()))
    if len(found) < FEWEST:
        raise BadInput("Name at least two workspaces to compare.", field="of")
    if len(found) > MOST:
        raise BadInput(
            f"{len(found)} workspaces are named; up to {MOST} are compared at a time.", field="of"
        )
    return found


def flat(config: Values, *, under: str = "") -> dict[str, Any]:
    """Return a config as one level of names: `simulate.stores`.

    Left out is what only labels it, and what has no settings of its own.
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        if under or key not in LABELS:
            if isinstance(value, Mapping):
                found |= flat(value, under=f"{under}{key}.")
            else:
                found[f"{under}{key}"] = value
    return found


def lines(parts: Sequence[Values]) -> list[Line]:
    """Return a line for every name that any of the parts has, in the order of their first."""
    names = dict.fromkeys(name for part in parts for name in part)
    return [_line(name, [part.get(name) for part in parts]) for name in names]


def _line(name: str, values: Sequence[Any]) -> Line:
    return Line(name, values, any(one != values[0] for one in values))


def apart(first: Side, other: Side) -> Apart | None:
    """Return why the errors of two runs are not set against each other, None where they are."""
    if first.judged is None or other.judged is None:
        return Apart.NOT_JUDGED
    if not first.content_hash or first.content_hash != other.content_hash:
        return Apart.OTHER_VERSION
    if not first.judged.windows or list(first.judged.windows) != list(other.judged.windows):
        return Apart.OTHER_FOLDS
    return None if first.judged.series == other.judged.series else Apart.OTHER_SERIES


def reasons(sides: Sequence[Side]) -> list[Apart | None]:
    """Return for every run why it is not set against the first; the first of all is, if judged."""
    return [apart(sides[0], one) for one in sides]


def metrics(sides: Sequence[Side]) -> list[Measured]:
    """Return every metric of the winners, then of every model that any run judged."""
    why = reasons(sides)
    judged = [one.judged.models for one in sides if one.judged]
    models = dict.fromkeys(name for each in judged for name in each)
    known = [
        name for name in METRICS if any(name in one for each in judged for one in each.values())
    ]
    return [_measured(sides, why, model, name) for model in ("", *models) for name in known]


def _measured(
    sides: Sequence[Side], why: Sequence[Apart | None], model: str, metric: str
) -> Measured:
    values = [one.error(metric, model) for one in sides]
    base = values[0]
    differences = [
        None if base is None or one is None or reason else one - base
        for one, reason in zip(values, why, strict=True)
    ]
    return Measured(model, metric, values, [None, *differences[1:]])


def finding(sides: Sequence[Side]) -> Finding:
    """Say which run did best; bias counts by its size."""
    metric = sides[0].judged.metric if sides[0].judged else METRICS[0]
    ranked = sorted(
        (abs(error), place)
        for place, (side, reason) in enumerate(zip(sides, reasons(sides), strict=True))
        if reason is None and (error := side.error(metric)) is not None
    )
    if len(ranked) < FEWEST:
        return Finding(metric)
    least = ranked[0][0]
    following = [error for error, _place in ranked if error > least]
    if not following:
        return Finding(metric, gap=0.0)
    return Finding(
        metric, [place for error, place in ranked if error == least], following[0] - least
    )


def gained_and_lost(
    moved: Iterable[tuple[int, str, str, int]],
) -> tuple[list[Moves], list[Moves]]:
    """Add up `(run, model in the first, model in the run, series)`; most series first."""
    gained: dict[tuple[int, str], int] = {}
    lost: dict[tuple[int, str], int] = {}
    for side, before, after, series in moved:
        gained[side, after] = gained.get((side, after), 0) + series
        lost[side, before] = lost.get((side, before), 0) + series
    return _ranked(gained), _ranked(lost)


def _ranked(counts: Mapping[tuple[int, str], int]) -> list[Moves]:
    found = [Moves(side, model, series) for (side, model), series in counts.items()]
    return sorted(found, key=lambda one: (one.side, -one.series, one.model))
