from __future__ import annotations

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.forecasting import gateways
from forecastlab.forecasting.models import Backtest, Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.queries import model_runs, series_list
from forecastlab.forecasting.queries.series_page import SeriesPage
from forecastlab.forecasting.services import exports, registry
from forecastlab.lib import downloads
from forecastlab.lib.errors import NotFound
from forecastlab.lib.htmx import render_region


def _issue(request: HttpRequest, issue_id: int) -> ForecastIssue:
    visible = ForecastIssue.objects.visible_to(person(request))
    found: ForecastIssue | None = (
        visible.select_related("version__dataset", "backtest").filter(pk=issue_id).first()
    )
    if found is None:
        raise NotFound(_("There are no such forecasts, or not for you."))
    return found


def _forecast(issue: ForecastIssue, series_id: int) -> Forecast:
    found = Forecast.objects.filter(issue=issue, series=series_id).select_related("series").first()
    if found is None:
        raise NotFound(_("There is no forecast of this series."))
    return found


# -- forecasts --------------------------------------------------------------------------------


@requires("forecast.view")
@require_GET
def series(request: HttpRequest) -> HttpResponse:
    """Show the newest forecasts of a dataset."""
    asked = series_list.wanted(request.GET.dict())
    found = series_list.of(asked, viewer=person(request))
    return render_region(request, "forecasting/series.html", {"list": found}, region="table")


@requires("forecast.view")
@require_GET
def issue(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Show the forecasts of one issue."""
    asked = series_list.wanted(request.GET.dict())
    given = _issue(request, issue_id)
    found = series_list.of(asked, viewer=person(request), issue=given)
    return render_region(request, "forecasting/series.html", {"list": found}, region="table")


@requires("forecast.view")
@require_GET
def issue_download(request: HttpRequest, issue_id: int, suffix: str) -> HttpResponse:
    found = _issue(request, issue_id)
    name = f"{found.version.dataset.name}-forecasts-{found.pk}"
    return _download(exports.issued(found), name, suffix)


@requires("forecast.view")
@require_GET
def series_page(request: HttpRequest, issue_id: int, series_id: int) -> HttpResponse:
    found = _issue(request, issue_id)
    page = SeriesPage(found, _forecast(found, series_id))
    return render(request, "forecasting/series_page.html", {"page": page})


@requires("forecast.view")
@require_GET
def series_download(
    request: HttpRequest, issue_id: int, series_id: int, suffix: str
) -> HttpResponse:
    found = _issue(request, issue_id)
    forecast = _forecast(found, series_id)
    name = f"{found.version.dataset.name}-{series_id}-forecast"
    return _download(exports.issued(found, forecast.series_id), name, suffix)


# -- models -----------------------------------------------------------------------------------


@requires("forecast.view")
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    found = model_runs.listed(
        person(request),
        dataset=request.GET.get("dataset", ""),
        page=request.GET.get("page", "1"),
    )
    return render(request, "forecasting/models.html", {"list": found})


@requires("forecast.view")
@require_GET
def model_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a model run; with `?verify=1` read its artefact again and say whether it is whole."""
    visible = ModelRun.objects.visible_to(person(request))
    run = visible.select_related("version__dataset", "backtest", "created_by").filter(pk=pk).first()
    if run is None:
        raise NotFound(_("There is no such model run, or not for you."))
    checked = "verify" in request.GET
    context = {
        "run": run,
        "row": model_runs.row(run),
        "facts": model_runs.facts(run),
        "metrics": model_runs.metrics(run),
        "peers": model_runs.peers(run),
        "checked": checked,
        "damage": registry.damage(run) if checked else "",
    }
    return render(request, "forecasting/model_run.html", context)


@requires("forecast.view")
@require_GET
def backtest_download(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    """Send every judged forecast of a backtest."""
    visible = Backtest.objects.visible_to(person(request)).select_related("version__dataset")
    found = visible.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such backtest, or not for you."))
    return _download(exports.judged(found), f"{found.version.dataset.name}-judged-{pk}", suffix)


def _download(frame: pl.DataFrame, name: str, suffix: str) -> HttpResponse:
    """Send a table: CSV for people and their spreadsheets, Parquet as it is."""
    shown = downloads.for_sheets(frame) if suffix == "csv" else frame
    content = gateways.encoded(shown, f".{suffix}")
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    return HttpResponse(content, content_type=downloads.TYPES[suffix], headers=disposition)
