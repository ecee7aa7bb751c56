from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import season_index
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.smoothing import smooth


class SesWeekday(PanelModel):
    """Exponential smoothing of each series, times a season shared by the whole panel.

    The season is the week for daily data, the day for hourly data, the year for months and
    quarters. At an origin with too few whole seasons behind it there is none.
    """

    name = "ses_weekday"
    title = "SES × weekday"
    cost = 2.0

    def learn(self, whole: Whole, task: Task) -> Arrays:
        return {"index": season_index.at_origins(whole, task)}

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        index = learned["index"]
        level, rate = _levels(block.fit, task.origins, index)
        ahead = np.array(task.origins)[:, None] + 1 + np.arange(task.steps)
        factors = np.take_along_axis(index, ahead % index.shape[1], axis=1)
        values = level[:, None, :] * factors[:, :, None]
        return Forecasts(values, {"level": level[-1], "rate": rate[-1]})


def _levels(values: Floats, origins: tuple[int, ...], index: Floats) -> tuple[Floats, Floats]:
    """Smooth what is left without the season; origins that share an index share a history."""
    level, rate = np.empty((2, len(origins), values.shape[1]))
    places = np.arange(values.shape[0]) % index.shape[1]
    shared, which = np.unique(index, axis=0, return_inverse=True)
    for number, season in enumerate(shared):
        at = np.flatnonzero(which.reshape(-1) == number)
        smoothed = smooth(values / season[places, None], tuple(origins[one] for one in at))
        level[at], rate[at] = smoothed.level, smoothed.rate
    return level, rate


MODEL = SesWeekday()
