from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import decomposition
from forecastlab.forecasting.domain.fitted_smoothing import last_level
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class SesM4(LocalModel):
    """Exponential smoothing as the M4 competition ran it for its benchmarks.

    A series that its test calls seasonal is adjusted first; rate and first level of each series
    are those of least squared error.
    """

    name = "ses_m4"
    title = "Exponential smoothing (M4)"
    cost = 6.0
    default = False

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        seasons = decomposition.at_origins(block.fit, task)
        made = [
            _from(block.fit[: origin + 1], task, season.factors)
            for origin, season in zip(task.origins, seasons, strict=True)
        ]
        return Forecasts(np.stack([one[0] for one in made]), {"level": made[-1][1]})


def _from(known: Floats, task: Task, index: Floats) -> tuple[Floats, Floats]:
    length = known.shape[0]
    level = last_level(known / index[np.arange(length) % task.season])
    ahead = length + np.arange(task.steps)
    return level * index[ahead % task.season], level


MODEL = SesM4()
