from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task

# What the squares of the slope and of the season's effects are multiplied by in the loss.
PENALTY = 1.0


class TrendRegression(LocalModel):
    """A straight line through the history of each series, plus what each place of the season adds.

    Ridge regression (Hoerl and Kennard 1970) of y = a + b x + c[place], with x from 0 to 1 over
    the history: minimises the squared errors plus PENALTY (b^2 + sum of c^2). There is no season
    at an origin with too few whole ones behind it. No forecast is below zero.
    """

    name = "trend_regression_baseline"
    title = "Trend regression"
    cost = 1.6
    default = False

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        made = [_from(block.fit[: one + 1], task) for one in task.origins]
        return Forecasts(np.stack([one[0] for one in made]), made[-1][1])


def _from(known: Floats, task: Task) -> tuple[Floats, dict[str, Floats]]:
    """Return steps x series, and a, b and c, which is places x series."""
    length = known.shape[0]
    seasonal = task.season > 1 and length >= task.defaults.cycles * task.season
    season = task.season if seasonal else 1
    longest = max(length - 1, 1)
    intercept, slope, effect = _fitted(known, np.arange(length) / longest, season)
    ahead = length + np.arange(task.steps)
    values = intercept + slope * (ahead / longest)[:, None] + effect[ahead % season]
    return np.maximum(values, 0.0), {"intercept": intercept, "slope": slope, "effect": effect}


def _fitted(known: Floats, time: Floats, season: int) -> tuple[Floats, Floats, Floats]:
    """Solve the normal equations of each series; the effects are eliminated from them first.

    c = (sum y - a n - b sum x) / (n + PENALTY), of the sums and the count n at each place.
    """
    seen = ~np.isnan(known)
    x, y = np.where(seen, time[:, None], 0.0), np.nan_to_num(known)
    count, along, sold = (_at_places(one, season) for one in (seen.astype(np.float64), x, y))
    share = 1.0 / (count + PENALTY)
    left = PENALTY * share
    one_one, one_x, one_y = ((left * one).sum(axis=0) for one in (count, along, sold))
    x_x = (x * x).sum(axis=0) - (share * along * along).sum(axis=0) + PENALTY
    x_y = (x * y).sum(axis=0) - (share * along * sold).sum(axis=0)
    determinant = one_one * x_x - one_x * one_x
    slope = np.nan_to_num(observed.quotient(one_one * x_y - one_x * one_y, determinant))
    intercept = np.nan_to_num(observed.quotient(one_y - slope * one_x, one_one))
    return intercept, slope, share * (sold - intercept * count - slope * along)


def _at_places(values: Floats, season: int) -> Floats:
    """Add up what lies at the same place of the season: season x series; place 0 is period 0's."""
    padded = np.pad(values, ((0, -len(values) % season), (0, 0)))
    added: Floats = padded.reshape(-1, season, values.shape[1]).sum(axis=0)
    return added


MODEL = TrendRegression()
