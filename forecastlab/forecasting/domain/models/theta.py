from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import decomposition, observed, season_index
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.smoothing import smooth


class Theta(PanelModel):
    """The mean of a straight line and a smoothed line of twice the curvature.

    The theta method of Assimakopoulos and Nikolopoulos (2000) with lines 0 and 2. A series that
    the test of the M4 competition calls seasonal is adjusted by its own season first, any other
    by the season that all series share.
    """

    name = "theta"
    title = "Theta"
    cost = 2.2

    def learn(self, whole: Whole, task: Task) -> Arrays:
        return {"index": season_index.at_origins(whole, task)}

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        made = [
            _from(block.fit[: origin + 1], task, season.shared(shared))
            for origin, season, shared in zip(
                task.origins,
                decomposition.at_origins(block.fit, task),
                learned["index"],
                strict=True,
            )
        ]
        _, level, slope = made[-1]
        return Forecasts(np.stack([one[0] for one in made]), {"level": level, "slope": slope})


def _from(known: Floats, task: Task, index: Floats) -> tuple[Floats, Floats, Floats]:
    length = known.shape[0]
    adjusted = known / index[np.arange(length) % task.season]
    intercept, slope = observed.line(adjusted)
    line = intercept + slope * np.arange(length)[:, None]
    level = smooth(2 * adjusted - line, (length - 1,)).level[0]
    ahead = length + np.arange(task.steps)
    straight = intercept + slope * ahead[:, None]
    values = (straight + level) / 2 * index[ahead % task.season]
    return np.maximum(values, 0.0), level, slope


MODEL = Theta()
