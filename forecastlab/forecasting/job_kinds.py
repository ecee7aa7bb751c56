"""Judging, forecasting and batches outside of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecastlab.forecasting.pipeline_steps import BACKTEST, FEATURES, REGISTER, TRAIN
from forecastlab.forecasting.queries import batch_pages
from forecastlab.forecasting.services import backtests, batch_steps, batches, forecasts
from forecastlab.lib.contributions import JobKind, JobStepPlan, Json
from forecastlab.warehouse import queries as warehouse

JUDGE = (FEATURES.plan, TRAIN.plan, BACKTEST.plan)
ISSUE = JobStepPlan("issue", forecasts.issue, "Store the forecasts", 2, 120)
CARRY = JobStepPlan(
    "judge", batch_steps.carry, "Judge every item", lease_seconds=120, isolated=True
)


def _backtest(params: Json) -> Sequence[JobStepPlan]:
    return JUDGE


def _forecast(params: Json) -> Sequence[JobStepPlan]:
    if params.get("serving"):
        return FEATURES.plan, TRAIN.plan, ISSUE
    return *JUDGE, REGISTER.plan


def _batch(params: Json) -> Sequence[JobStepPlan]:
    return (CARRY,)


def _batch_topic(params: Json) -> str:
    return f"batch.{params['batch']}"


def _can_see(user: Any, params: Json) -> bool:
    return warehouse.may_see(str(params["dataset"]), user)


def _over(params: Json) -> str:
    return warehouse.called_now(str(params["dataset"]))


backtest_job = JobKind(
    name=backtests.KIND, title="Backtest", steps=_backtest, can_see=_can_see, over=_over
)
forecast_job = JobKind(
    name=forecasts.KIND, title="Forecast", steps=_forecast, can_see=_can_see, over=_over
)
batch_job = JobKind(
    name=batches.KIND,
    title="Batch",
    steps=_batch,
    observe=batch_steps.follow,
    topic=_batch_topic,
    can_see=_can_see,
    about=batch_pages.about,
    address=batch_pages.address,
    over=_over,
)
