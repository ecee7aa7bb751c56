"""Forecasts and model runs as the JSON of the API."""

from __future__ import annotations

from typing import Any

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import model_names, title_of
from forecastlab.forecasting.domain.models import default_zoo, ensemble, old_names, unavailable
from forecastlab.forecasting.models import Forecast, ForecastIssue, ModelRun
from forecastlab.lib import cursors
from forecastlab.lib.errors import NotFound
from forecastlab.warehouse import queries as warehouse

RANGES = ("yhat", "lo80", "hi80", "lo95", "hi95")


class NoForecasts(NotFound):
    """There are no forecasts of this dataset."""

    code = "no_forecasts"


def newest(viewer: User, dataset: str) -> ForecastIssue:
    """Return the newest issue of `NAME` or `NAME@VERSION`; raises NotFound."""
    version = warehouse.resolve(dataset, viewer)
    issues = ForecastIssue.objects.serving().visible_to(viewer)
    issues = issues.filter(version__dataset=version.dataset)
    if "@" in dataset:
        issues = issues.filter(version=version)
    found: ForecastIssue | None = issues.select_related("version__dataset").newest().first()
    if found is None:
        raise NoForecasts(f"There are no forecasts of '{dataset}' yet.", field="dataset")
    return found


def models() -> list[dict[str, Any]]:
    """Return what `models` may name, cheapest first."""
    usual, cannot = default_zoo(), unavailable()
    return [
        {
            "model": name,
            "title": title_of(name),
            "default": name in usual or name == ensemble.NAME,
            "available": name not in cannot,
            "reason": cannot.get(name, ""),
            "old_names": [old for old, meant in old_names.OLD.items() if meant == name],
        }
        for name in model_names()
    ]


def issued(issue: ForecastIssue) -> dict[str, Any]:
    label = issue.version.calendar.label
    return {
        "issue": issue.pk,
        "dataset": issue.version.ref,
        "origin": label(issue.origin),
        "horizon": issue.horizon,
        "alias": issue.alias,
        "without_forecast": issue.without_forecast,
        "without_plan": issue.without_plan,
        "model_run": issue.model_run_id,
        "created_at": issue.created_at,
    }


def listed(
    issue: ForecastIssue, *, search: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the forecast series, by number, and where the next one starts."""
    found = Forecast.objects.filter(issue=issue).select_related("series")
    if search:
        found = found.filter(series__unique_id__icontains=search)
    page, following = cursors.page(found, by="series_id", limit=limit, cursor=cursor)
    return [short(one) for one in page], following


def short(one: Forecast) -> dict[str, Any]:
    return {
        "unique_id": one.series.unique_id,
        "model": one.model,
        "total": one.total,
        "total_low": one.total_low,
        "total_high": one.total_high,
        "wape": one.wape,
    }


def whole(issue: ForecastIssue, unique_id: str) -> dict[str, Any]:
    """Return the forecast of one series, period by period; raises NotFound."""
    found = Forecast.objects.filter(issue=issue, series__unique_id=unique_id)
    one = found.select_related("series").first()
    if one is None:
        raise NoForecasts(f"There is no forecast of '{unique_id}'.", field="unique_id")
    label = issue.version.calendar.label
    periods = [
        {
            "ds": label(issue.origin + 1 + step),
            **{name: getattr(one, name)[step] for name in RANGES},
        }
        for step in range(issue.horizon)
    ]
    return {**issued(issue), **short(one), "forecast": periods}


def model_runs(
    viewer: User, *, dataset: str, limit: int, cursor: str, teaching: bool = False
) -> tuple[list[dict[str, Any]], str | None]:
    """Return model runs, newest first, and where the next page starts."""
    shown = ModelRun.objects.visible_to(viewer).shown(teaching=teaching)
    found = shown.select_related("version__dataset")
    if dataset:
        found = found.filter(version__dataset=warehouse.resolve(dataset, viewer).dataset)
    found = found.prefetch_related("aliases")
    page, following = cursors.page(found, by="-pk", limit=limit, cursor=cursor)
    return [model_run(one) for one in page], following


def model_run(run: ModelRun) -> dict[str, Any]:
    return {
        "model_run": run.pk,
        "model": run.model,
        "dataset": run.version.ref,
        "content_hash": run.version.content_hash,
        "config": run.config,
        "config_hash": run.config_hash,
        "software": run.software,
        "window": run.window,
        "metrics": run.metrics,
        "series": run.series_count,
        "artefact": run.artefact,
        "frame_version": run.frame_version,
        "teaching": run.teaching,
        "aliases": [one.name for one in run.aliases.all()],
        "created_at": run.created_at,
    }


def find_model_run(viewer: User, pk: int) -> ModelRun:
    visible = ModelRun.objects.visible_to(viewer).select_related("version__dataset")
    found: ModelRun | None = visible.filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no model run {pk}.")
    return found
