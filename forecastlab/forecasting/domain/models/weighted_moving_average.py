from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class WeightedMovingAverage(LocalModel):
    """The mean of what was observed in the last window, the newest weighing most, repeated.

    Weights fall on a straight line: w for the newest of w periods, 1 for the oldest. A window
    without any observation gives the last observed value.
    """

    name = "weighted_moving_average"
    title = "Weighted moving average"
    cost = 1.25
    default = False

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        window = task.defaults.window
        level = np.stack([_level(block.fit[: one + 1], window) for one in task.origins])
        return Forecasts(np.repeat(level[:, None, :], task.steps, axis=1), {"level": level[-1]})


def _level(values: Floats, window: int) -> Floats:
    recent = values[-window:]
    weight = np.arange(1.0, len(recent) + 1)
    sold = np.einsum("t,ts->s", weight, np.nan_to_num(recent))
    mean = observed.quotient(sold, np.einsum("t,ts->s", weight, ~np.isnan(recent)))
    return np.where(np.isnan(mean), observed.last_seen(values), mean)


MODEL = WeightedMovingAverage()
