from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain import decomposition, season_index
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Task
from forecastlab.forecasting.domain.smoothing import smooth
from forecastlab.lib.compiled import compiled


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
        levels = [smooth(one.curved, (len(one.curved) - 1,)).level[0] for one in lines]
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
    intercept, slope = np.empty((2, known.shape[1]))
    curved = np.empty(known.shape)
    _bend(np.ascontiguousarray(known), np.ascontiguousarray(index), intercept, slope, curved)
    return _Line(index, intercept, slope, curved)


@compiled(
    "void(const float64[:, ::1], const float64[:, ::1], float64[::1], float64[::1], "
    "float64[:, ::1])",
)
def _bend(  # noqa: C901
    known: Floats, index: Floats, intercept: Floats, slope: Floats, curved: Floats
) -> None:
    """Write the least-squares line of each series over its index, and twice it less that line."""
    length, width = known.shape
    seen, times, total, rise, spread = np.zeros((5, width))
    for t in range(length):
        for s in range(width):
            value = curved[t, s] = known[t, s] / index[t % len(index), s]
            here = 1.0 if value == value else 0.0
            seen[s] += here
            times[s] += here * t
            total[s] += value if value == value else 0.0
    for s in range(width):
        times[s] /= max(seen[s], 1.0)
        total[s] /= max(seen[s], 1.0)
    for t in range(length):
        for s in range(width):
            value = curved[t, s] - total[s]
            away = t - times[s] if value == value else 0.0
            spread[s] += away * away
            rise[s] += away * value if value == value else 0.0
    for s in range(width):
        slope[s] = rise[s] / spread[s] if spread[s] > 0 else 0.0
        intercept[s] = total[s] - slope[s] * times[s]
    for t in range(length):
        for s in range(width):
            curved[t, s] = 2 * curved[t, s] - (intercept[s] + slope[s] * t)


def _ahead(line: _Line, level: Floats, task: Task) -> Floats:
    ahead = len(line.curved) + np.arange(task.steps)
    straight = line.intercept + line.slope * ahead[:, None]
    values: Floats = (straight + level) / 2 * line.index[ahead % task.season]
    return np.maximum(values, 0.0)


MODEL = Theta()
