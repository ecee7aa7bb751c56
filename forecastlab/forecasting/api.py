from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict

from forecastlab.accounts.services.access import person, requires
from forecastlab.forecasting.queries import representations
from forecastlab.forecasting.services import backtests, forecasts
from forecastlab.lib.cursors import Page
from forecastlab.warehouse import queries as warehouse

router = Router(tags=["forecasts"])


class ForecastFilters(Page):
    dataset: str
    search: str = ""


class ModelRunFilters(Page):
    """With `teaching` also those that were made to teach."""

    dataset: str = ""
    teaching: bool = False


class Asked(Schema):
    """Refuses what it does not know, and numbers that are written as texts or truth values."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ForecastIn(Asked):
    """Issue forecasts of every series by the champions behind an alias."""

    dataset: str
    horizon: int | None = None
    alias: str = ""


class BacktestIn(Asked):
    """Judge models on the same folds; whatever is left out takes its default."""

    dataset: str
    models: list[str] | None = None
    horizon: int | None = None
    folds: int | None = None
    step: int | None = None
    gap: int | None = None
    window: int | None = None
    metric: str | None = None
    season_length: int | None = None
    intervals: list[int] | None = None
    policy: str | None = None


@router.get(
    "/forecasts",
    response=dict[str, Any],
    url_name="forecast-list",
    summary="The newest forecasts of a dataset, one item a series",
)
@requires("forecast.view")
def forecast_listing(request: HttpRequest, asked: Query[ForecastFilters]) -> dict[str, Any]:
    issue = representations.newest(person(request), asked.dataset)
    items, following = representations.listed(
        issue, search=asked.search, limit=asked.limit, cursor=asked.cursor
    )
    return {**representations.issued(issue), "items": items, "next": following}


@router.get(
    "/forecasts/series",
    response=dict[str, Any],
    url_name="forecast-read",
    summary="The newest forecast of one series, period by period",
)
@requires("forecast.view")
def forecast_read(request: HttpRequest, dataset: str, unique_id: str) -> dict[str, Any]:
    issue = representations.newest(person(request), dataset)
    return representations.whole(issue, unique_id)


@router.post(
    "/forecasts",
    response={202: dict[str, Any]},
    url_name="forecast-start",
    summary="Issue forecasts of every series",
)
@requires("forecast.issue")
def forecast_start(request: HttpRequest, asked: ForecastIn) -> Status[dict[str, Any]]:
    by = person(request)
    version = warehouse.resolve(asked.dataset, by)
    job = forecasts.start(
        version, horizon=asked.horizon, alias=asked.alias, by=by, at=timezone.now()
    )
    return Status(202, {"job": job.pk})


@router.post(
    "/backtests",
    response={202: dict[str, Any]},
    url_name="backtest-start",
    summary="Judge models over every series of a dataset",
)
@requires("forecast.issue")
def backtest_start(request: HttpRequest, asked: BacktestIn) -> Status[dict[str, Any]]:
    by = person(request)
    version = warehouse.resolve(asked.dataset, by)
    job = backtests.start(version, asked.model_dump(), by=by, at=timezone.now())
    return Status(202, {"job": job.pk})


@router.get(
    "/models",
    response=dict[str, Any],
    url_name="model-list",
    summary="The models there are: which run by default, and which cannot run here",
)
@requires("forecast.view")
def model_listing(request: HttpRequest) -> dict[str, Any]:
    return {"items": representations.models()}


@router.get(
    "/model-runs",
    response=dict[str, Any],
    url_name="model-run-list",
    summary="Model runs, newest first",
)
@requires("forecast.view")
def model_run_listing(request: HttpRequest, asked: Query[ModelRunFilters]) -> dict[str, Any]:
    items, following = representations.model_runs(
        person(request),
        dataset=asked.dataset,
        limit=asked.limit,
        cursor=asked.cursor,
        teaching=asked.teaching,
    )
    return {"items": items, "next": following}


@router.get(
    "/model-runs/{model_run_id}",
    response=dict[str, Any],
    url_name="model-run-read",
    summary="A model run: config, metrics, artefact",
)
@requires("forecast.view")
def model_run_read(request: HttpRequest, model_run_id: int) -> dict[str, Any]:
    return representations.model_run(representations.find_model_run(person(request), model_run_id))
