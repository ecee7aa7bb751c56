from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import decomposition, observed
from forecastlab.forecasting.domain.fitted_smoothing import last_level
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task


class ThetaM4(LocalModel):
    """The theta method as the M4 competition ran it for its benchmarks.

    Lines 0 and 2 of Assimakopoulos and Nikolopoulos (2000) in equal parts. A series that the
    competition's test calls seasonal is adjusted first; rate and first level of line 2 are those
    of least squared error.
    """

    name = "theta_m4"
    title = "Theta (M4)"
    cost = 6.2
    default = False

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        seasons = decomposition.at_origins(block.fit, task)
        made = [
            _from(block.fit[: origin + 1], task, season.factors)
            for origin, season in zip(task.origins, seasons, strict=True)
        ]
        return Forecasts(
            np.stack([one[0] for one in made]), {"level": made[-1][1], "slope": made[-1][2]}
        )


def _from(known: Floats, task: Task, index: Floats) -> tuple[Floats, Floats, Floats]:
    length = known.shape[0]
    adjusted = known / index[np.arange(length) % task.season]
    intercept, slope = observed.line(adjusted)
    level = last_level(2 * adjusted - (intercept + slope * np.arange(length)[:, None]))
    ahead = length + np.arange(task.steps)
    straight = intercept + slope * ahead[:, None]
    values = (straight + level) / 2 * index[ahead % task.season]
    return np.maximum(values, 0.0), level, slope


MODEL = ThetaM4()
