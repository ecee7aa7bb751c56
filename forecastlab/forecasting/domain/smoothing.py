"""Simple exponential smoothing of a block of series for a grid of rates, in one pass.

level[t] = level[t-1] + rate * (y[t] - level[t-1]) (Brown 1956); every forecast is the last level.
The pass is in single precision: seven digits of a level are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.lib.compiled import check_places, compiled

RATES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
# How much the errors of the whole block say about a rate, beside the series' own.
NEIGHBOURS = 2.0
# Series that are smoothed together: what is known of them stays close to the processor.
TOGETHER = 256

Singles = NDArray[np.float32]


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
    at, places = np.unique(np.array(origins, dtype=np.int64), return_inverse=True)
    check_places(at, len(values))
    rates = np.array(RATES, dtype=np.float32)
    level = np.empty((len(at), len(rates), values.shape[1]), dtype=np.float32)
    error = np.empty_like(level)
    _run(np.ascontiguousarray(values), at, rates, level, error)
    best = [_best(*one) for one in zip(level.astype(float), error.astype(float), strict=True)]
    return Levels(*(np.stack([best[place][part] for place in places]) for part in (0, 1)))


@compiled(
    "void(const float64[:, ::1], const int64[::1], const float32[::1], float32[:, :, ::1], "
    "float32[:, :, ::1])",
)
def _run(
    values: Floats, origins: Integers, rates: Singles, levels: Singles, errors: Singles
) -> None:
    """Write level and squared error at each origin: origins x rates x series."""
    one, none = np.float32(1), np.float32(0)
    width = values.shape[1]
    level = np.empty((len(rates), TOGETHER), dtype=np.float32)
    error, known = np.empty_like(level), np.empty(TOGETHER, dtype=np.float32)
    filled, seen, young = np.empty_like(known), np.empty_like(known), np.empty_like(known)
    for start in range(0, width, TOGETHER):
        count = min(TOGETHER, width - start)
        level[:], error[:], seen[:] = none, none, none
        first = 0
        for place in range(len(origins)):
            for t in range(first, origins[place] + 1):
                here = values[t, start:]
                for s in range(count):
                    value = np.float32(here[s])
                    is_known = value == value
                    known[s] = one if is_known else none
                    filled[s] = value if is_known else none
                    seen[s] += known[s]
                    young[s] = one / max(seen[s], one)
                for r in range(len(rates)):
                    for s in range(count):
                        surprise = (filled[s] - level[r, s]) * known[s]
                        error[r, s] += surprise * surprise
                        level[r, s] += max(rates[r], young[s]) * surprise
            first = origins[place] + 1
            levels[place, :, start : start + count] = level[:, :count]
            errors[place, :, start : start + count] = error[:, :count]


def _best(level: Floats, error: Floats) -> tuple[Floats, Floats]:
    own = _relative(error)
    block = np.nansum(own, axis=1, keepdims=True) / max(int((~np.isnan(own[0])).sum()), 1)
    best = (np.nan_to_num(own) + NEIGHBOURS * block).argmin(axis=0)
    return np.take_along_axis(level, best[None, :], axis=0)[0], np.array(RATES)[best]


def _relative(error: Floats) -> Floats:
    """Return each series' error by rate over its mean, NaN for a series without any error."""
    usual = error.mean(axis=0)
    return quotient(error, usual)
