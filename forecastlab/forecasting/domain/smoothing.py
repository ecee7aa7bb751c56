"""Simple exponential smoothing of a block of series for a grid of rates, in one pass.

level[t] = level[t-1] + rate * (y[t] - level[t-1]) (Brown 1956); every forecast is the last level.
The pass is in single precision: it takes half the time, and seven digits of a level are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Floats

RATES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
# How much the errors of the whole block say about a rate, beside the series' own.
NEIGHBOURS = 2.0


@dataclass(frozen=True, slots=True)
class Levels:
    """The level at each origin and the rate that gave it: origins x series."""

    level: Floats
    rate: Floats


def smooth(values: Floats, origins: tuple[int, ...]) -> Levels:
    """Run all rates over `values`, periods x series, and choose one at every origin.

    Periods that are not known move nothing. While a series is young its level is the plain mean
    of what was seen, so that a slow rate is not tied to the first value. The rate of a series is
    the one with the least squared error up to the origin, its own and its block's: a short
    history alone picks rates by luck.
    """
    last = max(origins) + 1
    known = ~np.isnan(values[:last])
    filled = np.where(known, values[:last], 0.0).astype(np.float32)
    moves = known.astype(np.float32)
    young = 1 / np.maximum(np.cumsum(moves, axis=0), np.float32(1))
    # Most periods have no hole and no young series: there the pass does half the work.
    whole: list[bool] = np.asarray(known.all(axis=1)).tolist()
    grown = [one <= RATES[0] for one in young.max(axis=1).tolist()]
    rates = np.array(RATES, dtype=np.float32)[:, None]
    level = np.zeros((len(RATES), values.shape[1]), dtype=np.float32)
    error, surprise, change = np.zeros_like(level), np.empty_like(level), np.empty_like(level)
    read: dict[int, tuple[Floats, Floats]] = {}
    for t in range(last):
        np.subtract(filled[t], level, out=surprise)
        if not whole[t]:
            surprise *= moves[t]
        np.multiply(surprise, surprise, out=change)
        error += change
        np.multiply(rates if grown[t] else np.maximum(rates, young[t]), surprise, out=change)
        level += change
        if t in origins:
            read[t] = _best(level.astype(np.float64), error.astype(np.float64))
    return Levels(
        np.stack([read[one][0] for one in origins]), np.stack([read[one][1] for one in origins])
    )


def _best(level: Floats, error: Floats) -> tuple[Floats, Floats]:
    own = _relative(error)
    block = np.nansum(own, axis=1, keepdims=True) / max(int((~np.isnan(own[0])).sum()), 1)
    best = (np.nan_to_num(own) + NEIGHBOURS * block).argmin(axis=0)
    return np.take_along_axis(level, best[None, :], axis=0)[0], np.array(RATES)[best]


def _relative(error: Floats) -> Floats:
    """Return each series' error by rate over its mean, NaN for a series without any error."""
    usual = error.mean(axis=0)
    return quotient(error, usual)
