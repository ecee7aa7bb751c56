"""Reading a panel that has holes: arrays are periods x series, NaN is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.lib.compiled import check_places, compiled

# Nearly every series is seen at least once in so many rows.
RECENT = 28


def quotient(above: Floats, below: NDArray[np.number]) -> Floats:
    """Divide; what is divided by zero or less is NaN, not infinite."""
    divided: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return divided


def running(values: NDArray[np.floating]) -> tuple[Floats, NDArray[np.int32]]:
    """Return sum and number of what was seen in the rows before each one, and in all."""
    sums = np.empty((len(values) + 1, values.shape[1]))
    counts = np.empty(sums.shape, dtype=np.int32)
    _running(np.ascontiguousarray(values), sums, counts)
    return sums, counts


@compiled(
    "void(const float64[:, ::1], float64[:, ::1], int32[:, ::1])",
    "void(const float32[:, ::1], float64[:, ::1], int32[:, ::1])",
)
def _running(values: NDArray[Any], sums: Floats, counts: NDArray[np.int32]) -> None:
    sums[0], counts[0] = 0.0, 0
    for t in range(values.shape[0]):
        for s in range(values.shape[1]):
            value = values[t, s]
            known = value == value
            sums[t + 1, s] = sums[t, s] + (value if known else 0.0)
            counts[t + 1, s] = counts[t, s] + (1 if known else 0)


def by_place(values: Floats, season: int, ends: Sequence[int]) -> tuple[Floats, Floats]:
    """Return sums and counts of what was seen at each place of the season, before each end.

    Both are ends x season x series; place 0 is that of period 0. `ends` ascend.
    """
    check_places(np.array(ends), len(values) + 1)
    sums = np.empty((len(ends), season, values.shape[1]))
    counts = np.empty_like(sums)
    _by_place(np.ascontiguousarray(values), np.array(ends, dtype=np.int64), sums, counts)
    return sums, counts


@compiled(
    "void(const float64[:, ::1], const int64[::1], float64[:, :, ::1], float64[:, :, ::1])",
)
def _by_place(values: Floats, ends: Integers, sums: Floats, counts: Floats) -> None:
    season, width, start = sums.shape[1], sums.shape[2], 0
    for place in range(len(ends)):
        for phase in range(season):
            for s in range(width):
                sums[place, phase, s] = sums[place - 1, phase, s] if place else 0.0
                counts[place, phase, s] = counts[place - 1, phase, s] if place else 0.0
        for t in range(start, ends[place]):
            for s in range(width):
                value = values[t, s]
                sums[place, t % season, s] += value if value == value else 0.0
                counts[place, t % season, s] += 1.0 if value == value else 0.0
        start = ends[place]


def carried_forward(values: Floats) -> Floats:
    """Fill every hole with the value last seen before it; NaN where none was."""
    rows = np.arange(values.shape[0])[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    filled = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
    carried: Floats = np.where(latest < 0, np.nan, filled)
    return carried


def lately(values: Floats) -> Floats:
    """Return the last rows where each series was seen in them, else all."""
    recent = values[-RECENT:]
    return values if np.isnan(recent).all(axis=0).any() else recent


def last_seen(values: Floats) -> Floats:
    """Return the last value of each series, 0 where there is none."""
    if values.shape[0] == 0:
        return np.zeros(values.shape[1])
    values = lately(values)
    backwards = ~np.isnan(values[::-1])
    row = values.shape[0] - 1 - backwards.argmax(axis=0)
    last: Floats = np.nan_to_num(np.take_along_axis(values, row[None, :], axis=0)[0])
    return last


def mean_seen(values: Floats) -> Floats:
    """Return the mean of what was seen of each series, NaN where nothing was."""
    seen = ~np.isnan(values)
    return quotient(np.where(seen, values, 0.0).sum(axis=0), seen.sum(axis=0))


def line(values: Floats) -> tuple[Floats, Floats]:
    """Return intercept and slope of the least-squares line over what was seen of each series."""
    seen = ~np.isnan(values)
    sold, known = np.where(seen, values, 0.0), seen.astype(np.float64)
    time = np.arange(values.shape[0], dtype=np.float64)
    count = np.maximum(seen.sum(axis=0), 1)
    middle = np.einsum("t,ts->s", time, known) / count
    mean = sold.sum(axis=0) / count
    away = (time[:, None] - middle) * known
    spread = np.einsum("ts,ts->s", away, away)
    rise = np.einsum("ts,ts->s", away, sold - mean * known)
    slope = np.divide(rise, spread, out=np.zeros_like(rise), where=spread > 0)
    return mean - slope * middle, slope
