"""The libraries that the engine stands on, asked the same: 3 folds, and once more on all data.

Each takes series as its documentation says, with the defaults given there, in one thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExpandingMean, RollingMean
from statsforecast import StatsForecast
from statsforecast.models import DynamicOptimizedTheta, SeasonalNaive

from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.domain.singly import filled

SEASON = 7
PER_STORE = 500
EPOCH = datetime(2024, 1, 1)  # noqa: DTZ001 - wall time has no zone
SINGLE = {"SeasonalNaive": SeasonalNaive, "DynamicOptimizedTheta": DynamicOptimizedTheta}


@dataclass(frozen=True)
class Measured:
    series: int
    seconds: float
    wape: float

    @property
    def per_thousand(self) -> float:
        return 1000 * self.seconds / self.series


def single(
    name: str, panel: Panel, work: Work, *, pandas: bool = False, text: bool = False
) -> Measured:
    """Judge and forecast with a model of statsforecast, given a frame of polars or of pandas.

    Its quick start hands it one of pandas. Its documentation takes text and whole numbers for the
    names of series; `text` gives them as a dataset here has them, such as S3:P17.
    """
    given = table(panel)
    if text:
        store, product = pl.col("unique_id") // PER_STORE, pl.col("unique_id") % PER_STORE
        given = given.with_columns(unique_id=pl.format("S{}:P{}", store, product))
    frame: Any = given.to_pandas() if pandas else given
    freq = "D" if pandas else "1d"
    engine = StatsForecast([SINGLE[name](season_length=SEASON)], freq=freq, n_jobs=1)
    began = time.perf_counter()
    judged = engine.cross_validation(work.horizon, frame, n_windows=3, step_size=work.horizon)
    engine.forecast(work.horizon, frame)
    seconds = time.perf_counter() - began
    told = pl.from_pandas(judged) if pandas else judged
    if text:
        place = given["unique_id"].unique(maintain_order=True)
        told = told.with_columns(
            pl.col("unique_id").replace_strict(place, np.arange(len(place)), return_dtype=pl.Int64)
        )
    return Measured(panel.width, seconds, wape(panel, work, told, name))


def recursive(panel: Panel, work: Work) -> Measured:
    """Judge with LightGBM through mlforecast, refitted for each fold, and fit on all data."""
    told = zip(panel.signals.names, panel.signals.known, strict=True)
    signals = [name for name, ahead in told if ahead]
    frame = table(panel, signals)
    engine = MLForecast(
        {"LightGBM": LGBMRegressor(n_jobs=1, verbosity=-1)},
        freq="1d",
        lags=[1, 7, 14],
        lag_transforms={1: [ExpandingMean()], 7: [RollingMean(window_size=28)]},
        date_features=["weekday"],
        num_threads=1,
    )
    began = time.perf_counter()
    judged = engine.cross_validation(
        frame, n_windows=3, h=work.horizon, step_size=work.horizon, static_features=[]
    )
    engine.fit(frame, static_features=[])
    return Measured(panel.width, time.perf_counter() - began, wape(panel, work, judged, "LightGBM"))


def table(panel: Panel, signals: list[str] | None = None) -> pl.DataFrame:
    """Return one row per series and day since its first sale, holes filled with the last week."""
    whole = filled(panel.fit, SEASON)
    series, t = np.nonzero(~np.isnan(whole).T)
    places = [panel.signals.names.index(one) for one in signals or []]
    told = {
        name: np.nan_to_num(panel.signals.values[place][t, series])
        for name, place in zip(signals or [], places, strict=True)
    }
    columns: dict[str, Any] = {"unique_id": series, "y": whole[t, series], **told}
    return pl.DataFrame(columns).with_columns(ds=EPOCH + pl.duration(days=pl.Series(t)))


def wape(panel: Panel, work: Work, judged: pl.DataFrame, name: str) -> float:
    """Return the pooled error, in percent, over what our models are scored on."""
    t = judged.select((pl.col("ds") - EPOCH).dt.total_days()).to_series().to_numpy()
    actual = panel.actual[t, judged["unique_id"].to_numpy()]
    known = ~np.isnan(actual)
    missed = np.abs(judged[name].to_numpy() - actual)[known].sum()
    return float(100 * missed / np.abs(actual[known]).sum())
