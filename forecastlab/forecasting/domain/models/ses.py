from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task
from forecastlab.forecasting.domain.smoothing import smooth


class Ses(LocalModel):
    """Simple exponential smoothing of each series, without a season."""

    name = "ses"
    title = "Exponential smoothing"
    cost = 1.6

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        smoothed = smooth(block.fit, task.origins)
        values = np.repeat(smoothed.level[:, None, :], task.steps, axis=1)
        return Forecasts(values, {"level": smoothed.level[-1], "rate": smoothed.rate[-1]})


MODEL = Ses()
