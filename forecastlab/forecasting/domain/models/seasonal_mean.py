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
        ends = [one + 1 for one in task.origins]
        sums = zip(*observed.by_place(block.fit, task.season, ends), strict=True)
        made = [
            _from(block.fit[:end], _index(*seen, end, task), task)
            for end, seen in zip(ends, sums, strict=True)
        ]
        _, level, index = made[-1]
        return Forecasts(np.stack([one[0] for one in made]), {"level": level, "index": index})


def _from(known: Floats, index: Floats, task: Task) -> tuple[Floats, Floats, Floats]:
    length = known.shape[0]
    first = max(length - task.defaults.window, 0)
    recent, usual = known[first:], index[np.arange(first, length) % task.season]
    seen = ~np.isnan(recent)
    sold = np.where(seen, recent, 0.0).sum(axis=0)
    level = observed.quotient(sold, np.where(seen, usual, 0.0).sum(axis=0))
    level = np.where(np.isnan(level), observed.last_seen(known), level)
    return level * index[(length + np.arange(task.steps)) % task.season], level, index


def _index(sold: Floats, seen: Floats, length: int, task: Task) -> Floats:
    """Return season x series, from sums and counts of the same; place 0 is that of period 0."""
    if task.season < 2 or length < task.defaults.cycles * task.season:
        return np.ones(sold.shape)
    mean = np.nan_to_num(observed.quotient(sold.sum(axis=0), seen.sum(axis=0)))
    factor = np.nan_to_num(observed.quotient(sold + DOUBT * mean, (seen + DOUBT) * mean), nan=1.0)
    index: Floats = observed.quotient(factor, factor.mean(axis=0))
    return index


MODEL = SeasonalMean()
