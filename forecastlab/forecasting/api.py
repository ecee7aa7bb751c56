from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from forecastlab.accounts.services.access import person, requires
from forecastlab.forecasting.queries import (
    batch_representations,
    model_runs,
    promotions,
    representations,
)
from forecastlab.forecasting.queries.diffs import Difference
from forecastlab.forecasting.services import backtests, batches, forecasts, promotion
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


class PromotionFilters(Page):
    dataset: str = ""
    alias: str = ""


class PromotionIn(Asked):
    """Point an alias at a model run; `seen` is the one it pointed at when the gates were read."""

    alias: str = ""
    acknowledged: list[str] = []
    note: str = Field("", max_length=500)
    seen: int | None = None


class ForecastIn(Asked):
    """Issue forecasts of every series by the champions behind an alias."""

    dataset: str
    horizon: int | None = None
    alias: str = ""


class BatchFilters(Page):
    dataset: str = ""
    status: str = ""


class ItemFilters(Page):
    status: str = ""


class BatchIn(Asked):
    """Judge models on every part of a scope, each by itself; or as a preset has it.

    With `dry_run` only say what would be judged.
    """

    dataset: str
    dry_run: bool = False
    preset: str | None = None
    scope: str | None = None
    region: str | None = None
    category: str | None = None
    top_n: int | None = None
    series: list[str] | None = None
    by: str | None = None
    models: list[str] | None = None
    horizon: int | None = None
    folds: int | None = None
    step: int | None = None
    gap: int | None = None
    window: int | None = None
    metric: str | None = None
    season_length: int | None = None


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


@router.get(
    "/model-runs/{model_run_id}/compare/{other_id}",
    response=dict[str, Any],
    url_name="model-run-compare",
    summary="What differs between two model runs",
)
@requires("forecast.view")
def model_run_compare(request: HttpRequest, model_run_id: int, other_id: int) -> dict[str, Any]:
    viewer = person(request)
    one, other = (model_runs.find(pk, viewer=viewer) for pk in (model_run_id, other_id))
    return Difference(one, other).as_json()


@router.get(
    "/model-runs/{model_run_id}/gates",
    response=dict[str, Any],
    url_name="model-run-gates",
    summary="What the gates say of pointing an alias at a model run",
)
@requires("forecast.view")
def model_run_gates(request: HttpRequest, model_run_id: int, alias: str = "") -> dict[str, Any]:
    return promotion.told(model_runs.find(model_run_id, viewer=person(request)), alias)


@router.post(
    "/model-runs/{model_run_id}/promotions",
    response={201: dict[str, Any]},
    url_name="model-run-promote",
    summary="Point an alias at a model run",
)
@requires("model.promote")
def model_run_promote(
    request: HttpRequest, model_run_id: int, asked: PromotionIn
) -> Status[dict[str, Any]]:
    by = person(request)
    run = model_runs.find(model_run_id, viewer=by)
    decision = promotion.Decision(asked.acknowledged, asked.note, seen=asked.seen)
    alias = promotion.find(run, asked.alias)
    made = promotion.promote(alias, run, decision, by=by.pk, at=timezone.now())
    return Status(201, promotions.told(made))


@router.get(
    "/promotions",
    response=dict[str, Any],
    url_name="promotion-list",
    summary="Who pointed which alias where, newest first",
)
@requires("forecast.view")
def promotion_listing(request: HttpRequest, asked: Query[PromotionFilters]) -> dict[str, Any]:
    items, following = promotions.listed(
        person(request),
        dataset=asked.dataset,
        alias=asked.alias,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    return {"items": items, "next": following}


# -- batches ----------------------------------------------------------------------------------


@router.post(
    "/batches",
    response={200: dict[str, Any], 202: dict[str, Any]},
    url_name="batch-start",
    summary="Judge models on every part of a scope",
)
@requires("forecast.issue")
def batch_start(request: HttpRequest, asked: BatchIn) -> Status[dict[str, Any]]:
    by = person(request)
    version = warehouse.resolve(asked.dataset, by)
    options = asked.model_dump(exclude={"dataset", "dry_run"}, exclude_none=True)
    if asked.dry_run:
        return Status(200, batches.prepare(version, options).shown())
    batch = batches.start(version, options, by=by, at=timezone.now())
    return Status(202, batch_representations.read(batch))


@router.get(
    "/batches", response=dict[str, Any], url_name="batch-list", summary="Batches, newest first"
)
@requires("forecast.view")
def batch_listing(request: HttpRequest, asked: Query[BatchFilters]) -> dict[str, Any]:
    items, following = batch_representations.listed(person(request), **asked.dict())
    return {"items": items, "next": following}


@router.get(
    "/batch-presets",
    response=dict[str, Any],
    url_name="batch-presets",
    summary="The ready-made batches, and why one cannot be used on a dataset",
)
@requires("forecast.view")
def batch_presets(request: HttpRequest, dataset: str) -> dict[str, Any]:
    version = warehouse.resolve(dataset, person(request))
    return {"dataset": version.ref, "items": batch_representations.presets(version)}


@router.get(
    "/batches/{batch_id}",
    response=dict[str, Any],
    url_name="batch-read",
    summary="A batch with the number of its items by status",
)
@requires("forecast.view")
def batch_read(request: HttpRequest, batch_id: int) -> dict[str, Any]:
    return batch_representations.read(batches.find(batch_id, viewer=person(request)))


@router.get(
    "/batches/{batch_id}/items",
    response=dict[str, Any],
    url_name="batch-items",
    summary="The items of a batch with their metrics",
)
@requires("forecast.view")
def batch_items(request: HttpRequest, batch_id: int, asked: Query[ItemFilters]) -> dict[str, Any]:
    found = batches.find(batch_id, viewer=person(request))
    items, following = batch_representations.items(found, **asked.dict())
    return {"items": items, "next": following}


@router.post(
    "/batches/{batch_id}/cancel",
    response=dict[str, Any],
    url_name="batch-cancel",
    summary="Stop a batch",
)
@requires("forecast.issue")
def batch_cancel(request: HttpRequest, batch_id: int) -> dict[str, Any]:
    by = person(request)
    found = batches.find(batch_id, viewer=by)
    return batch_representations.read(batches.cancel(found, by=by, at=timezone.now()))


@router.post(
    "/batches/{batch_id}/retry",
    response={202: dict[str, Any]},
    url_name="batch-retry",
    summary="Judge again what failed or was stopped",
)
@requires("forecast.issue")
def batch_retry(request: HttpRequest, batch_id: int) -> Status[dict[str, Any]]:
    by = person(request)
    found = batches.find(batch_id, viewer=by)
    batch = batches.retry(found, by=by, at=timezone.now())
    return Status(202, batch_representations.read(batch))
