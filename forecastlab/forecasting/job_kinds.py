"""Judging and forecasting outside of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecastlab.forecasting.services import backtests, features, forecasts, registry, training
from forecastlab.lib.contributions import JobKind, JobStepPlan, Json
from forecastlab.warehouse import queries as warehouse

FEATURES = JobStepPlan("features", features.prepare, "Lay the data out", 2, 120)
TRAIN = JobStepPlan("train", training.train, "Train and forecast", 5, 120)
BACKTEST = JobStepPlan("backtest", backtests.judge, "Judge", 3, 120)
REGISTER = JobStepPlan("register", registry.register, "Register and store", 2, 120)
ISSUE = JobStepPlan("issue", forecasts.issue, "Store the forecasts", 2, 120)


def _backtest(params: Json) -> Sequence[JobStepPlan]:
    return FEATURES, TRAIN, BACKTEST


def _forecast(params: Json) -> Sequence[JobStepPlan]:
    if params.get("serving"):
        return FEATURES, TRAIN, ISSUE
    return FEATURES, TRAIN, BACKTEST, REGISTER


def _can_see(user: Any, params: Json) -> bool:
    return warehouse.may_see(str(params["dataset"]), user)


backtest_job = JobKind(name=backtests.KIND, title="Backtest", steps=_backtest, can_see=_can_see)
forecast_job = JobKind(name=forecasts.KIND, title="Forecast", steps=_forecast, can_see=_can_see)
