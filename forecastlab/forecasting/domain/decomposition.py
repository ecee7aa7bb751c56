"""The season of single series, as the M4 competition tested for it and removed it.

After `SeasonalityTest` and `Benchmarks` of the competition's published R code (Makridakis,
Spiliotis and Assimakopoulos, "The M4 Competition", 2020). Arrays are periods x series, NaN is
unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import ReferenceType, ref

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Flags, Floats
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.lib.compiled import compiled

NINETY_PERCENT = 1.645
CYCLES = 3
# Series whose lags are added up together: their last season stays close to the processor.
TOGETHER = 256


_kept: dict[object, tuple[ReferenceType[Floats], list[Season]]] = {}


@dataclass(frozen=True, slots=True)
class Season:
    """What is known of the seasons of a block at one origin.

    `factors` are multiplicative, season x series; place 0 is that of period 0. They are all ones
    for a series that is not `seasonal` by the test, or with a factor that is not positive: dividing
    by it would make a forecast of nothing.
    """

    factors: Floats
    seasonal: Flags

    def shared(self, index: Floats) -> Floats:
        """Return the factors of each series, the shared `index` for those without their own."""
        return np.where(self.seasonal, self.factors, index[:, None])


def at_origins(values: Floats, task: Task) -> list[Season]:
    """Return the seasons of a block, periods x series, as known at each origin.

    Several models ask for the same block: as long as it lives, the answer is kept.
    """
    key = id(values), task.season, task.origins
    if key not in _kept:
        found = _seasons(values, task)
        _kept[key] = ref(values, lambda _gone: _kept.pop(key, None)), found
    return _kept[key][1]


def _seasons(values: Floats, task: Task) -> list[Season]:
    """Return the seasons at each origin; what sales are beside their trend is taken once."""
    long_enough = [task.season > 1 and one + 1 >= CYCLES * task.season for one in task.origins]
    ratio = _beside_trend(values, task.season) if any(long_enough) else values
    return [
        _season(values[: one + 1], ratio, task.season) if enough else _flat(values, task.season)
        for one, enough in zip(task.origins, long_enough, strict=True)
    ]


def _flat(values: Floats, season: int) -> Season:
    width = values.shape[1]
    return Season(np.ones((season, width)), np.zeros(width, dtype=np.bool_))


def _season(known: Floats, ratio: Floats, season: int) -> Season:
    flat, seasonal = _flat(known, season), is_seasonal(known, season)
    if not seasonal.any():
        return flat
    # The trend of a period needs half a season more.
    factors = _figure(ratio, len(known) - season // 2, season)
    usable = (np.nan_to_num(factors) > 0).all(axis=0) & seasonal
    return Season(np.where(usable, factors, flat.factors), seasonal)


def is_seasonal(values: Floats, season: int) -> Flags:
    """Say of each series whether its autocorrelation r at the season exceeds the 90 % limit.

    The limit is Bartlett's: 1.645 * sqrt((1 + 2 * sum of r[k]^2 for k < season) / n).
    """
    began, products = np.empty(values.shape[1]), np.empty((season + 1, values.shape[1]))
    _lagged(np.ascontiguousarray(values), began, products)
    length = values.shape[0] - began
    variance = products[0]
    lags = products[1:] / np.where(variance > 0, variance, 1.0)
    spread = 1 + 2 * (lags[:-1] ** 2).sum(axis=0)
    limit = NINETY_PERCENT / np.sqrt(np.maximum(length, 1)) * np.sqrt(spread)
    seasonal: Flags = (length >= CYCLES * season) & (variance > 0) & (np.abs(lags[-1]) > limit)
    return seasonal


@compiled(
    "void(const float64[:, ::1], float64[::1], float64[:, ::1])",
)
def _lagged(values: Floats, began: Floats, products: Floats) -> None:
    """Write the period of each first value, and the sums of products at every lag.

    Those are the sums over t of (y[t] - mean) * (y[t - lag] - mean).
    """
    length, width = values.shape
    lags = len(products)
    away, sums = np.empty((length, TOGETHER)), np.empty((lags, TOGETHER))
    total, seen, first = np.empty(TOGETHER), np.empty(TOGETHER), np.empty(TOGETHER)
    for start in range(0, width, TOGETHER):
        count = min(TOGETHER, width - start)
        total[:], seen[:], first[:], sums[:] = 0.0, 0.0, length, 0.0
        for t in range(length):
            here = values[t, start:]
            for s in range(count):
                value = here[s]
                total[s] += value if value == value else 0.0
                seen[s] += 1.0 if value == value else 0.0
                first[s] = min(first[s], t if value == value else length)
        began[start : start + count] = first[:count]
        mean = total / np.maximum(seen, 1.0)
        for t in range(length):
            here = values[t, start:]
            for s in range(count):
                value = here[s] - mean[s]
                away[t, s] = value if value == value else 0.0
            for lag in range(min(lags, t + 1)):
                for s in range(count):
                    sums[lag, s] += away[t, s] * away[t - lag, s]
        products[:, start : start + count] = sums[:, :count]


def _beside_trend(values: Floats, season: int) -> Floats:
    """Return sales over their centred moving average over one season; NaN where it has a hole.

    An even season takes half of each of the two periods at its ends.
    """
    sums, counts = observed.running(values)
    ratio = np.full(values.shape, np.nan)
    _over_average(np.ascontiguousarray(values), sums, counts, season, ratio)
    return ratio


@compiled(
    "void(const float64[:, ::1], const float64[:, ::1], const int32[:, ::1], int64, "
    "float64[:, ::1])",
)
def _over_average(
    values: Floats, sums: Floats, counts: NDArray[np.int32], season: int, ratio: Floats
) -> None:
    length, width = values.shape
    half, more = season // 2, 1 - season % 2
    for t in range(half, length - half):
        first, end = t - half, t - half + season
        for s in range(width):
            average = (sums[end, s] - sums[first, s]) / season
            if more:
                both = (sums[end + 1, s] - sums[first + 1, s]) + (sums[end, s] - sums[first, s])
                average = both / (2 * season)
            whole = counts[end + more, s] - counts[first, s] == season + more
            ratio[t, s] = values[t, s] / average if whole and average > 0 else np.nan


def _figure(ratio: Floats, length: int, season: int) -> Floats:
    """Return the mean ratio at each place over so many periods, scaled to a mean of 1."""
    (sums,), (counts,) = observed.by_place(ratio, season, [length])
    figure = observed.quotient(sums, counts)
    factors: Floats = figure / figure.mean(axis=0)
    return factors
