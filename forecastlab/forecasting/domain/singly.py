"""Models of single series from a library that knows no holes: what they have in common."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from forecastlab.forecasting.domain import observed
from forecastlab.forecasting.domain.panel import Floats, Panel
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, LocalModel, Task

LIBRARY = "statsforecast"
# With fewer observations up to an origin there is no forecast from it.
SHORTEST = 7


class SingleSeriesModel(LocalModel):
    """A model of statsforecast with its documented defaults; `kind` is its class there.

    A series begins with its first observation. A hole takes the value last seen at the same place
    of the season, else the last one seen. Where fewer than `SHORTEST` values were observed the
    forecast is NaN. The library is imported by the process that forecasts, when it does.
    """

    kind = ""
    default = False
    at_once = 1
    longest_season = 10_000

    def unavailable(self) -> str:
        return "" if find_spec(LIBRARY) else f"The package {LIBRARY} is not installed."

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        season = task.season if task.season <= self.longest_season else 1
        model = self.built(season)
        values = np.full((len(task.origins), task.steps, block.width), np.nan)
        for place, origin in enumerate(task.origins):
            known = block.fit[: origin + 1]
            whole = filled(known, task.season)
            for one in np.flatnonzero((~np.isnan(known)).sum(axis=0) >= SHORTEST):
                history = whole[:, one][~np.isnan(whole[:, one])]
                values[place, :, one] = _mean(model, history, task.steps)
        return Forecasts(np.maximum(values, 0.0))

    def built(self, season: int) -> Any:
        return getattr(import_module(f"{LIBRARY}.models"), self.kind)(season_length=season)


def _mean(model: Any, history: Floats, steps: int) -> Floats:
    """Return the forecast; what the library warns of shows in the numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Floats = model.forecast(y=history, h=steps)["mean"]
    return found


def filled(values: Floats, season: int) -> Floats:
    """Fill the holes after the first observation of each series; periods x series."""
    length, width = values.shape
    padded = np.concatenate([values, np.full((-length % season, width), np.nan)])
    seasonal = observed.carried_forward(padded.reshape(-1, season * width))
    same_place = seasonal.reshape(-1, width)[:length]
    usual = np.where(np.isnan(same_place), observed.carried_forward(values), same_place)
    begun = np.maximum.accumulate(~np.isnan(values), axis=0)
    return np.where(np.isnan(values) & begun, usual, values)
