from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task

# A place of the season is believed as if it had been seen this often more, at the usual level.
DOUBT = 4.0


class SeasonalMean(LocalModel):
    """The level of the last window times what each place of the season usually is beside it.

    The factor of a place is the mean of what was seen there over the mean of the series, drawn
    toward 1 by DOUBT further observations at that mean. There is none at an origin with too few
    whole seasons behind it.
    """

    name = "seasonal_mean"
    title = "Seasonal mean"
    cost = 1.3

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        made = [_from(block.fit[: one + 1], task) for one in task.origins]
        _, level, index = made[-1]
        return Forecasts(np.stack([one[0] for one in made]), {"level": level, "index": index})


def _from(known: Floats, task: Task) -> tuple[Floats, Floats, Floats]:
    length = known.shape[0]
    index = _index(known, task)
    first = max(length - task.defaults.window, 0)
    recent, usual = known[first:], index[np.arange(first, length) % task.season]
    seen = ~np.isnan(recent)
    sold = np.where(seen, recent, 0.0).sum(axis=0)
    level = observed.quotient(sold, np.where(seen, usual, 0.0).sum(axis=0))
    level = np.where(np.isnan(level), observed.last_seen(known), level)
    return level * index[(length + np.arange(task.steps)) % task.season], level, index


def _index(known: Floats, task: Task) -> Floats:
    """Return season x series; place 0 is that of period 0."""
    length, width = known.shape
    if task.season < 2 or length < task.defaults.cycles * task.season:
        return np.ones((task.season, width))
    padded = np.concatenate([known, np.full((-length % task.season, width), np.nan)])
    cycles = padded.reshape(-1, task.season, width)
    seen = ~np.isnan(cycles)
    mean = np.nan_to_num(observed.mean_seen(known))
    above = np.where(seen, cycles, 0.0).sum(axis=0) + DOUBT * mean
    factor = np.nan_to_num(observed.quotient(above, (seen.sum(axis=0) + DOUBT) * mean), nan=1.0)
    index: Floats = observed.quotient(factor, factor.mean(axis=0))
    return index


MODEL = SeasonalMean()
