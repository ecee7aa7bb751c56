"""What prices, promotions and the season do to sales.

The logarithm of sales is regressed on all known signals and the places of the season
(`regressions.py`); here are these regressors, and what their effects come to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats, Integers, Panel, Whole
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.lib.compiled import check_places, compiled

# A sale of nothing counts as this share of the usual sale, which has a logarithm.
NOTHING = 0.1
# A series tells no more places of the season apart than these.
MOST_PLACES = 31
# Memory that the regressors of one slice may take, in values.
SLICE = 4_000_000
# No effect on the logarithm of sales is believed beyond this.
STRONGEST = 3.0
HOURS = 24
# Decimals that do not depend on the processor.
SAME_DIGITS = 9
ROUND = 10.0**SAME_DIGITS


@dataclass(frozen=True, slots=True)
class Columns:
    """The regressors: known signals, by their places in the panel, then those of the season.

    A signal that was always positive counts by its logarithm: a price up by a tenth has the same
    effect everywhere. `season` is phases x columns and comes round again.
    """

    signals: tuple[int, ...]
    logs: tuple[bool, ...]
    season: Floats

    @property
    def count(self) -> int:
        return len(self.signals) + int(self.season.shape[1])

    @property
    def kind(self) -> tuple[tuple[bool, ...], bytes]:
        """Return what tells regressors of different origins apart."""
        return self.logs, self.season.tobytes()


def always_positive(whole: Whole, origins: Sequence[int]) -> list[tuple[bool, ...]]:
    """Say of each known signal whether it was never zero or less, up to each origin."""
    least: list[NDArray[np.float32]] = []
    for piece in whole.pieces():
        values = piece.signals.values[list(_known(piece))]
        here = [np.fmin.reduce(values[:, : one + 1], axis=(1, 2), initial=1.0) for one in origins]
        least = [np.minimum(*both) for both in zip(least, here, strict=True)] if least else here
    return [tuple((one > 0).tolist()) for one in least]


def _known(panel: Panel) -> tuple[int, ...]:
    return tuple(np.flatnonzero(panel.signals.known).tolist())


def long_season(task: Task) -> bool:
    """Say whether the season has too many places for a series to tell them apart."""
    return task.season > MOST_PLACES


def columns_at(
    panel: Panel, task: Task, logs: Sequence[tuple[bool, ...]], index: Floats
) -> list[Columns]:
    """Return the regressors at each origin.

    `logs` says of them what `always_positive` does. Of a long season `index` has the pooled
    factors, origins x season: their logarithm is one regressor.
    """
    signals, found = _known(panel), []
    for number, (origin, log) in enumerate(zip(task.origins, logs, strict=True)):
        season = _season(task, origin + 1)
        if long_season(task) and (index[number] != 1).any():
            season = np.log(index[number])[:, None]
        found.append(Columns(signals, log, season))
    return found


def alike(columns: Sequence[Columns]) -> Iterator[tuple[list[int], Columns]]:
    """Yield the places of origins with the same regressors: one pass serves them."""
    groups: dict[object, list[int]] = {}
    for place, one in enumerate(columns):
        groups.setdefault(one.kind, []).append(place)
    for places in groups.values():
        yield places, columns[places[0]]


def _season(task: Task, length: int) -> Floats:
    """Return phases x columns, centred; no columns before enough whole seasons were seen."""
    season, cycles = task.season, task.defaults.cycles
    if season < 2 or long_season(task) or length < cycles * season:
        return np.zeros((1, 0))
    week = 7 * season
    if task.frequency == "H" and season == HOURS and length >= cycles * week:
        hours = np.arange(week)
        return np.concatenate([_places(hours, season), _places(hours // HOURS, 7)], axis=1)
    return _places(np.arange(season), season)


def _places(t: Integers, season: int) -> Floats:
    place = t % season
    places: Floats = (place[:, None] == np.arange(1, season)).astype(np.float64) - 1 / season
    return places


def told(block: Panel, columns: Columns, until: int) -> Floats:
    """Return signals x periods x series; what is unknown counts as the mean of what came before."""
    made = np.empty((len(columns.signals), until, block.width))
    for place, (signal, log) in enumerate(zip(columns.signals, columns.logs, strict=True)):
        values = made[place]
        given = block.signals.values[signal, :until]
        values[: len(given)], values[len(given) :] = given, np.nan
        if log:
            values[values <= 0] = np.nan
            np.log(values, out=values)
        _fill(values)
    return made


@compiled(
    "void(float64[:, ::1])",
)
def _fill(values: Floats) -> None:
    """Write the mean of what came before over what is unknown."""
    total, count = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for t in range(values.shape[0]):
        unknown = 0
        for s in range(values.shape[1]):
            known = values[t, s] == values[t, s]
            total[s] += values[t, s] if known else 0.0
            count[s] += 1.0 if known else 0.0
            unknown += 0 if known else 1
        if unknown:
            for s in range(values.shape[1]):
                if values[t, s] != values[t, s]:
                    values[t, s] = total[s] / max(count[s], 1.0)


def log_sales(fit: Floats) -> Floats:
    """Return log(y + NOTHING * the mean sale up to then); periods x series, NaN is unknown."""
    logs = np.empty(fit.shape)
    _log_sales(np.ascontiguousarray(fit), NOTHING, logs)
    return logs


@compiled(
    "void(const float64[:, ::1], float64, float64[:, ::1])",
)
def _log_sales(fit: Floats, nothing: float, logs: Floats) -> None:
    sold = np.zeros(fit.shape[1])
    sales = np.zeros(fit.shape[1])
    for t in range(fit.shape[0]):
        for s in range(fit.shape[1]):
            value = fit[t, s]
            sold[s] += value if value > 0 else 0.0
            sales[s] += 1.0 if value > 0 else 0.0
            logs[t, s] = value + nothing * (sold[s] / sales[s] if sales[s] > 0 else np.nan)
        for s in range(fit.shape[1]):
            logs[t, s] = math.log(logs[t, s])


def slices(block: Panel, at: Sequence[Columns]) -> Iterator[tuple[int, int]]:
    """Yield parts of a block whose signals take little memory.

    They are alike for histories of about the same length, so that sums over them are.
    """
    periods = 1 << block.periods.bit_length()
    step = max(SLICE // (periods * (len(at[0].signals) + 2)), 1)
    for start in range(0, block.width, step):
        yield start, min(start + step, block.width)


def factors(
    signals: Floats, columns: Columns, coefficients: Floats, means: Floats, until: int
) -> Floats:
    """Return what all regressors make of the level up to a period, rounded as `drawn` is.

    The result is periods x series.
    """
    count, phases = len(columns.signals), columns.season.shape[0]
    season = np.zeros((phases, len(coefficients)))
    for mean, one in zip(means.T, coefficients.T, strict=True):
        season -= mean * one
    for places, one in zip(columns.season.T, coefficients.T[count:], strict=True):
        season += places[:, None] * one
    check_places(np.array(until), signals.shape[1] + 1)
    made = np.empty((until, signals.shape[2]))
    own = np.ascontiguousarray(coefficients.T[:count])
    _exponential(np.ascontiguousarray(signals), own, season, STRONGEST, made)
    return made


@compiled(
    "void(const float64[:, :, ::1], const float64[:, ::1], const float64[:, ::1], float64, "
    "float64[:, ::1])",
)
def _exponential(
    signals: Floats, coefficients: Floats, season: Floats, most: float, made: Floats
) -> None:
    """Write exp(season + coefficients x signals), periods x series, rounded.

    Prices and promotions stay for a while: what they do is computed where they change.
    """
    width, phases = made.shape[1], len(season)
    told, last, grown = np.empty(width), np.full(width, np.nan), np.empty(width)
    times, least, largest = np.exp(season), math.exp(-most), math.exp(most)
    for t in range(made.shape[0]):
        told[:] = 0.0
        for k in range(len(signals)):
            for s in range(width):
                told[s] += signals[k, t, s] * coefficients[k, s]
        for s in range(width):
            if told[s] != last[s]:
                last[s] = told[s]
                grown[s] = math.exp(told[s])
        for s in range(width):
            value = min(max(grown[s] * times[t % phases, s], least), largest)
            made[t, s] = np.rint(value * ROUND) / ROUND
