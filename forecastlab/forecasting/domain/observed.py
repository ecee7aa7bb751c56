"""Reading a panel that has holes: arrays are periods x series, NaN is unknown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats


def quotient(above: Floats, below: NDArray[np.number]) -> Floats:
    """Divide; what is divided by zero or less is NaN, not infinite."""
    divided: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return divided


def carried_forward(values: Floats) -> Floats:
    """Fill every hole with the value last seen before it; NaN where none was."""
    rows = np.arange(values.shape[0])[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    filled = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
    carried: Floats = np.where(latest < 0, np.nan, filled)
    return carried


def last_seen(values: Floats) -> Floats:
    """Return the last value of each series, 0 where there is none."""
    if values.shape[0] == 0:
        return np.zeros(values.shape[1])
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
