from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import decomposition, observed, season_index
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.smoothing import smooth_each


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
        lines = [
            _line(block.fit[: origin + 1], season.shared(shared))
            for origin, season, shared in zip(
                task.origins,
                decomposition.at_origins(block.fit, task),
                learned["index"],
                strict=True,
            )
        ]
        curved = [(one.curved, (origin,)) for one, origin in zip(lines, task.origins, strict=True)]
        levels = [one.level[0] for one in smooth_each(curved)]
        made = [_ahead(one, level, task) for one, level in zip(lines, levels, strict=True)]
        return Forecasts(np.stack(made), {"level": levels[-1], "slope": lines[-1].slope})


@dataclass(frozen=True, slots=True)
class _Line:
    """The straight line through a seasonally adjusted history, and twice what bends around it."""

    index: Floats
    intercept: Floats
    slope: Floats
    curved: Floats


def _line(known: Floats, index: Floats) -> _Line:
    length = known.shape[0]
    adjusted = known / index[np.arange(length) % len(index)]
    intercept, slope = observed.line(adjusted)
    line = intercept + slope * np.arange(length)[:, None]
    return _Line(index, intercept, slope, 2 * adjusted - line)


def _ahead(line: _Line, level: Floats, task: Task) -> Floats:
    ahead = len(line.curved) + np.arange(task.steps)
    straight = line.intercept + line.slope * ahead[:, None]
    values: Floats = (straight + level) / 2 * line.index[ahead % task.season]
    return np.maximum(values, 0.0)


MODEL = Theta()
