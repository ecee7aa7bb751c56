from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class MovingAverage(LocalModel):
    """The mean of what was observed in the last window, repeated.

    A window without any observation gives the last observed value.
    """

    name = "moving_average"
    title = "Moving average"
    cost = 1.2

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        window = task.defaults.window
        level = np.stack([_level(block.fit[: one + 1], window) for one in task.origins])
        return Forecasts(np.repeat(level[:, None, :], task.steps, axis=1), {"level": level[-1]})


def _level(values: Floats, window: int) -> Floats:
    recent = observed.mean_seen(values[-window:])
    return np.where(np.isnan(recent), observed.last_seen(values), recent)


MODEL = MovingAverage()
