from __future__ import annotations

from forecastlab.forecasting.models.batches import Batch, BatchItem
from forecastlab.forecasting.models.judged import (
    Alias,
    Backtest,
    Champion,
    Forecast,
    ForecastIssue,
    ModelRun,
    Promotion,
    SeriesScore,
    SliceScore,
)
from forecastlab.forecasting.models.kept import KeptForecast

__all__ = [
    "Alias",
    "Backtest",
    "Batch",
    "BatchItem",
    "Champion",
    "Forecast",
    "ForecastIssue",
    "KeptForecast",
    "ModelRun",
    "Promotion",
    "SeriesScore",
    "SliceScore",
]
