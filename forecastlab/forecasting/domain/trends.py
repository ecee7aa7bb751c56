"""Exponential smoothing with a trend, of a block of series, for a grid of rates.

    level[t] = a y[t] + (1 - a) (level[t-1] + p slope[t-1])
    slope[t] = b (level[t] - level[t-1]) + (1 - b) p slope[t-1]

With p = 1 the method of Holt (1957), "Forecasting seasonals and trends by exponentially weighted
moving averages"; with p < 1 the damped trend of Gardner and McKenzie (1985), "Forecasting trends in
time series". `h` periods ahead: level + (p + p^2 + ... + p^h) slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from forecastlab.forecasting.domain import decomposition, observed, season_index
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.smoothing import NEIGHBOURS

LEVEL_RATES = (0.05, 0.1, 0.2, 0.4, 0.8)
SLOPE_RATES = (0.02, 0.1, 0.3)
# The trend starts as the line through so many of the first observations.
FIRST = 10


class TrendModel(PanelModel):
    """Level and slope of each series; `damping` are the values of p to choose from.

    A series that the test of the M4 competition calls seasonal is adjusted by its own season
    first, any other by the season that all series share.
    """

    damping: Sequence[float] = (1.0,)
    default = False

    def learn(self, whole: Whole, task: Task) -> Arrays:
        return {"index": season_index.at_origins(whole, task)}

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        made = [
            self._from(block.fit[: origin + 1], task, season.shared(shared))
            for origin, season, shared in zip(
                task.origins,
                decomposition.at_origins(block.fit, task),
                learned["index"],
                strict=True,
            )
        ]
        _, level, slope, damping = made[-1]
        state = {"level": level, "slope": slope, "damping": damping}
        return Forecasts(np.stack([one[0] for one in made]), state)

    def _from(
        self, known: Floats, task: Task, index: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        length = known.shape[0]
        adjusted = known / index[np.arange(length) % task.season]
        level, slope, damping = _smoothed(adjusted, self.damping)
        powers = damping ** np.arange(1, task.steps + 1)[:, None]
        ahead = (length + np.arange(task.steps)) % task.season
        values = (level + np.cumsum(powers, axis=0) * slope) * index[ahead]
        return np.maximum(values, 0.0), level, slope, damping


def _smoothed(values: Floats, damping: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """Return level, slope and damping of each series at the end, by the best of all rates.

    Before its first observation a series stands still; an unknown period follows the trend.
    """
    grid = np.array(list(product(LEVEL_RATES, SLOPE_RATES, damping)))
    a, b, p = grid.T[:, :, None]
    intercept, rise = _begun(values)
    known = ~np.isnan(values)
    begun = np.maximum.accumulate(known, axis=0)
    level = np.tile(intercept - rise, (len(grid), 1))
    slope = np.tile(rise, (len(grid), 1))
    error = np.zeros_like(level)
    for t, seen in enumerate(known):
        expected = level + p * slope
        surprise = np.where(seen, values[t] - expected, 0.0)
        moved = np.where(begun[t], expected + a * surprise, level)
        kept = np.where(begun[t], p * slope, slope)
        slope = np.where(seen, b * (moved - level) + (1 - b) * p * slope, kept)
        level = moved
        error += surprise * surprise
    best = _best(error)
    taken = [np.take_along_axis(one, best[None], axis=0)[0] for one in (level, slope)]
    return taken[0], taken[1], grid[best, 2]


def _begun(values: Floats) -> tuple[Floats, Floats]:
    """Return the line through the first observations: its value at the first one, and its rise."""
    seen = ~np.isnan(values)
    first = np.where(seen & (np.cumsum(seen, axis=0) <= FIRST), values, np.nan)
    intercept, rise = observed.line(first)
    return intercept + rise * seen.argmax(axis=0), rise


def _best(error: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Choose by the squared error of the series and, a little, of its block, as `smooth` does."""
    own = observed.quotient(error, error.mean(axis=0))
    block = np.nansum(own, axis=1, keepdims=True) / max(int((~np.isnan(own[0])).sum()), 1)
    best: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    best = (np.nan_to_num(own) + NEIGHBOURS * block).argmin(axis=0)
    return best
