from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from forecastlab.forecasting.domain import boosting
from forecastlab.forecasting.domain.boosting import Text
from forecastlab.forecasting.domain.panel import Floats, Panel, Whole
from forecastlab.forecasting.domain.protocol import Arrays, Forecasts, PanelModel, Scope, Task
from forecastlab.forecasting.domain.singly import filled

LIBRARY = "mlforecast"
# It learns from so many series, drawn with a seed: that bounds time and memory.
MOST_SERIES, SEED = 1_000, 42
SETTINGS: dict[str, Any] = {
    "n_jobs": 1,
    "random_state": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class LightGbmRecursive(PanelModel):
    """Boosted trees one step ahead, fed with their own forecasts, through mlforecast.

    Documented defaults of LightGBM; lags of 1 period and of 1, 2 and 4 seasons, rolling means
    over the last season and the last window. It is fitted anew at every origin. Holes are filled
    as for models of single series; a series that is shorter than the longest lag knows less.
    """

    name = "lightgbm_recursive"
    title = "LightGBM, recursive"
    cost = 50.0
    default = False
    scope: Scope = "whole"

    def unavailable(self) -> str:
        if find_spec(LIBRARY) is None:
            return f"The package {LIBRARY} is not installed."
        return boosting.unavailable()

    def learn(self, whole: Whole, task: Task) -> Arrays:
        """Return the text of the trees of each origin as `text.N`."""
        drawn = np.arange(whole.width)
        if whole.width > MOST_SERIES:
            drawn = np.sort(np.random.default_rng(SEED).choice(drawn, MOST_SERIES, replace=False))
        fit = whole.pick(drawn).fit
        texts: dict[str, Text] = {}
        for place, origin in enumerate(task.origins):
            texts[f"text.{place}"] = _fitted(fit[: origin + 1], task)
            task.report((place + 1) / len(task.origins))
        return texts

    def forecast(self, block: Panel, task: Task, learned: Arrays) -> Forecasts:
        values = np.zeros((len(task.origins), task.steps, block.width))
        for place, origin in enumerate(task.origins):
            values[place] = _forecast(block.fit[: origin + 1], task, learned[f"text.{place}"])
        return Forecasts(np.maximum(values, 0.0))


@dataclass(frozen=True, slots=True)
class OneThread:
    """Trees that predict in one thread: several hang in a process that was forked."""

    trees: Any

    def predict(self, rows: Any) -> Floats:
        found: Floats = self.trees.predict(rows, num_threads=1)
        return found


def _fitted(values: Floats, task: Task) -> Text:
    trees = import_module("lightgbm").LGBMRegressor(**SETTINGS)
    frame = _frame(values, task.season)
    library = _library(task, {"trees": trees})
    library.fit(frame, static_features=[], dropna=False)
    text: str = library.models_["trees"].booster_.model_to_string()
    return np.frombuffer(text.encode(), dtype=np.uint8)


@lru_cache(maxsize=8)
def _trees(text: bytes) -> Any:
    """Return the trees of a text, read once for all blocks."""
    return import_module("lightgbm").Booster(model_str=text.decode())


def _forecast(values: Floats, task: Task, text: Text) -> Floats:
    """Return steps x series; a series without any sale is forecast as nothing."""
    frame = _frame(values, task.season)
    found = np.zeros((task.steps, values.shape[1]))
    if frame.is_empty():
        return found
    library = _library(task, {})
    library.preprocess(frame, static_features=[], dropna=False)
    library.models_ = {"trees": OneThread(_trees(text.tobytes()))}
    made = library.predict(task.steps)
    series = frame["unique_id"].unique().sort().to_numpy()
    found[:, series] = made.sort("unique_id", "ds")["trees"].to_numpy().reshape(-1, task.steps).T
    return found


def _library(task: Task, models: dict[str, Any]) -> Any:
    season, window = task.season, task.defaults.window
    means = import_module("mlforecast.lag_transforms").RollingMean
    return import_module(LIBRARY).MLForecast(
        models=models,
        freq=1,
        lags=sorted({1, season, 2 * season, 4 * season}),
        lag_transforms={1: [means(one) for one in sorted({season, window}) if one > 1]},
    )


def _frame(values: Floats, season: int) -> pl.DataFrame:
    """Return one row per series and period since its first observation."""
    whole = filled(values, season)
    series, t = np.nonzero(~np.isnan(whole).T)
    return pl.DataFrame({"unique_id": series, "ds": t, "y": whole[t, series]})


MODEL = LightGbmRecursive()
