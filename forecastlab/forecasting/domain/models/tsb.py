from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task
from forecastlab.forecasting.domain.smoothing import smooth


class Tsb(LocalModel):
    """Chance of a sale times its size, each smoothed: for sales with many zeros.

    Teunter, Syntetos and Babai (2011), "Intermittent demand: Linking forecasting to inventory
    obsolescence": the chance moves in every period, the size only when something is sold.
    """

    name = "tsb"
    title = "TSB (intermittent)"
    cost = 1.7

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        sold = block.fit > 0
        happened = np.where(np.isnan(block.fit), np.nan, sold.astype(np.float64))
        sizes = np.where(sold, block.fit, np.nan)
        chance, size = smooth(happened, task.origins), smooth(sizes, task.origins)
        level: Floats = chance.level * size.level
        state = {"chance": chance.level[-1], "size": size.level[-1]}
        return Forecasts(np.repeat(level[:, None, :], task.steps, axis=1), state)


MODEL = Tsb()
