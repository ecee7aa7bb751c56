from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Alone, Arrays, Forecasts, Task


class SeasonalNaive(Alone):
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
    """Return the next season as last observed, one row per period ahead."""
    known, width = values.shape
    short = -known % season
    padded = np.concatenate([np.full((short, width), np.nan), values])
    cycles = padded.reshape(-1, season * width)
    latest = observed.carried_forward(cycles)[-1].reshape(season, width)
    return np.where(np.isnan(latest), observed.last_seen(values), latest)


MODEL = SeasonalNaive()
