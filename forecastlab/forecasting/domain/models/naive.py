from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class Naive(LocalModel):
    """The last observed value, repeated."""

    name = "naive"
    title = "Naive"
    cost = 1.0

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        last = np.stack([observed.last_seen(block.fit[: one + 1]) for one in task.origins])
        return Forecasts(np.repeat(last[:, None, :], task.steps, axis=1), {"last": last[-1]})


MODEL = Naive()
