from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task

SEASONS = 4


class SeasonalNaive(LocalModel):
    """The value last observed at the same place of the season.

    A place that was never observed takes the last observed value.
    """

    name = "seasonal_naive"
    title = "Seasonal naive"
    cost = 1.1

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        cycles = [_last_cycle(block.fit[: one + 1], task.season) for one in task.origins]
        places = np.arange(task.steps) % task.season
        return Forecasts(np.stack([one[places] for one in cycles]), {"cycle": cycles[-1]})


def _last_cycle(values: Floats, season: int) -> Floats:
    """Return the next season as last observed, one row per period ahead.

    Few seasons back there is nearly always something; only else the whole history is searched.
    """
    recent = values[-SEASONS * season :]
    latest = _carried(recent, season)
    if len(recent) < len(values) and np.isnan(latest).any():
        latest = _carried(values, season)
    return np.where(np.isnan(latest), observed.last_seen(values), latest)


def _carried(values: Floats, season: int) -> Floats:
    known, width = values.shape
    padded = np.concatenate([np.full((-known % season, width), np.nan), values])
    cycles = padded.reshape(-1, season * width)
    latest: Floats = observed.carried_forward(cycles)[-1].reshape(season, width)
    return latest


MODEL = SeasonalNaive()
