"""Simple exponential smoothing as forecasting packages fit it: rate and first level of each series.

Of a rate a and a first level l the one-step errors are u[t] - l * p[t], where u are those of a
first level of zero and p[t] = (1 - a)^t over the periods seen. So the best first level of a rate
is least squares in one pass, and only the rate is searched for.
"""

from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain.panel import Floats

LEAST, MOST = 0.0001, 0.9999
# The first pass tries so many rates; each later one as many between the neighbours of the best.
TRIED = 17
PASSES = 4


def last_level(values: Floats) -> Floats:
    """Return the level after the last period of each series; `values` is periods x series."""
    width = values.shape[1]
    low, high = np.full(width, LEAST), np.full(width, MOST)
    for _ in range(PASSES):
        rates = low + (high - low) * np.linspace(0, 1, TRIED)[:, None]
        error, level = _smoothed(values, rates)
        best = error.argmin(axis=0)
        across = np.arange(width)
        low, high = (rates[np.clip(best + side, 0, TRIED - 1), across] for side in (-1, 1))
    found: Floats = level[best, across]
    return found


def _smoothed(values: Floats, rates: Floats) -> tuple[Floats, Floats]:
    """Return the sum of squared errors and the last level, by rate and series."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    from_zero, left = np.zeros(rates.shape), np.ones(rates.shape)
    errors, both, weights = np.zeros(rates.shape), np.zeros(rates.shape), np.zeros(rates.shape)
    for t in range(values.shape[0]):
        seen = known[t]
        error = np.where(seen, filled[t] - from_zero, 0.0)
        moved = np.where(seen, left, 0.0)
        errors += error * error
        both += error * moved
        weights += moved * moved
        from_zero += rates * error
        left -= rates * moved
    first = np.divide(both, weights, out=np.zeros(rates.shape), where=weights > 0)
    return errors - first * both, from_zero + left * first
