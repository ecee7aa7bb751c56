from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import decomposition, observed
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class Naive2(LocalModel):
    """The benchmark of the M4 competition (2018): naive on seasonally adjusted values.

    A series is adjusted where the 90 % autocorrelation test finds a season, by classical
    multiplicative decomposition.
    """

    name = "naive2"
    title = "Naive 2"
    cost = 1.5

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        values, last, index = [], np.empty(0), np.empty(0)
        seasons = decomposition.at_origins(block.fit, task)
        for origin, season in zip(task.origins, seasons, strict=True):
            known, index = block.fit[: origin + 1], season.factors
            recent = observed.lately(known)
            places = np.arange(len(known) - len(recent), len(known)) % task.season
            last = observed.last_seen(recent / index[places])
            ahead = (origin + 1 + np.arange(task.steps)) % task.season
            values.append(last * index[ahead])
        return Forecasts(np.stack(values), {"last": last, "index": index})


MODEL = Naive2()
