from __future__ import annotations

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.forms import PromoteForm
from forecastlab.forecasting.models import Alias, Backtest, Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.queries import (
    backtest_list,
    champion_map,
    comparison,
    comparison_groups,
    model_runs,
    promotions,
    replay,
    series_filters,
    series_list,
)
from forecastlab.forecasting.queries import judged_series as judged_list
from forecastlab.forecasting.queries.champion_map import ChampionMap
from forecastlab.forecasting.queries.comparison import Comparison
from forecastlab.forecasting.queries.comparison_groups import Groups
from forecastlab.forecasting.queries.diffs import Difference
from forecastlab.forecasting.queries.judged_series import JudgedSeries
from forecastlab.forecasting.services import exports, promotion, registry, replays, tables
from forecastlab.lib import downloads
from forecastlab.lib.errors import HouseError, NotFound
from forecastlab.lib.htmx import render_region


def _issue(request: HttpRequest, issue_id: int, *joined: str) -> ForecastIssue:
    visible = ForecastIssue.objects.visible_to(person(request))
    found: ForecastIssue | None = (
        visible.select_related("version__dataset", *joined).filter(pk=issue_id).first()
    )
    if found is None:
        raise NotFound(_("There are no such forecasts, or not for you."))
    return found


def _forecast(issue: ForecastIssue, series_id: int) -> Forecast:
    found = Forecast.objects.filter(issue=issue, series=series_id).select_related("series").first()
    if found is None:
        raise NotFound(_("There is no forecast of this series."))
    found.issue = issue
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
    forecast = _forecast(_issue(request, issue_id, "backtest"), series_id)
    page = replays.of_forecast(forecast, _asked(request))
    return render(request, "forecasting/series_page.html", {"page": page})


def _asked(request: HttpRequest) -> replay.Wanted:
    return replay.wanted(request.GET.get("fold", ""), request.GET.getlist("model"))


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
    """List what was judged, newest first."""
    found = backtest_list.listed(
        person(request),
        dataset=request.GET.get("dataset", ""),
        best=request.GET.get("best", ""),
        page=request.GET.get("page", "1"),
        teaching="teaching" in request.GET,
    )
    return render(request, "forecasting/models.html", {"list": found})


@requires("forecast.view")
@require_GET
def model_run_list(request: HttpRequest) -> HttpResponse:
    found = model_runs.listed(person(request), model_runs.wanted(request.GET.dict()))
    return render(request, "forecasting/model_runs.html", {"list": found})


@requires("forecast.view")
@require_GET
def model_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a model run; with `?verify=1` read its artefact again and say whether it is whole."""
    run = model_runs.find(pk, viewer=person(request))
    checked = "verify" in request.GET
    context = {
        "run": run,
        "row": model_runs.row(run),
        "facts": model_runs.facts(run),
        "metrics": model_runs.metrics(run),
        "peers": model_runs.peers(run),
        "promotions": promotions.of_dataset(run),
        "may_promote": may(request.user, "model.promote") and not run.teaching,
        "downloads": comparison.table_urls(run.backtest, comparison.TABLES),
        "checked": checked,
        "damage": registry.damage(run) if checked else "",
    }
    return render(request, "forecasting/model_run.html", context)


@requires("forecast.view")
@require_GET
def model_run_compare(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Show what differs between two model runs."""
    viewer = person(request)
    found = Difference(model_runs.find(pk, viewer=viewer), model_runs.find(other, viewer=viewer))
    return render(request, "forecasting/model_run_compare.html", {"page": found})


@requires("model.promote")
@require_http_methods(["GET", "POST"])
def model_run_promote(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the gates say of pointing an alias at a model run; then do it."""
    run = model_runs.find(pk, viewer=person(request))
    alias = promotion.find(run, request.GET.get("alias", ""))
    form = PromoteForm(request.POST or None, initial={"seen": alias.model_run_id})
    problem = _promoted(request, form, alias, run) if form.is_valid() else ""
    if problem is None:
        return redirect(run)
    context = {
        "run": run,
        "row": model_runs.row(run),
        "alias": alias,
        "serves": model_runs.row(alias.model_run),
        "gates": promotion.asked(alias.model_run, run),
        "form": form.again(alias.model_run_id) if problem else form,
        "problem": problem,
        "history": promotions.of_alias(alias),
    }
    status = 409 if problem else 422 if form.is_bound else 200
    return render(request, "forecasting/model_run_promote.html", context, status=status)


def _promoted(request: HttpRequest, form: PromoteForm, alias: Alias, run: ModelRun) -> str | None:
    """Promote, and return what is wrong, or None."""
    by = person(request).pk
    try:
        promotion.promote(alias, run, form.decision, by=by, at=timezone.now())
    except promotion.GatesRefuse as refusal:
        return refusal.message if refusal.is_final else refusal.on_page
    except HouseError as error:
        return error.message
    said = {"alias": alias.name, "model": title_of(run.model)}
    messages.success(request, _("%(alias)s points at %(model)s.") % said)
    return None


# -- backtests --------------------------------------------------------------------------------


def _backtest(request: HttpRequest, pk: int) -> Backtest:
    visible = Backtest.objects.visible_to(person(request)).select_related("version__dataset")
    found: Backtest | None = visible.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such backtest, or not for you."))
    return found


@requires("forecast.view")
@require_GET
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the models of a backtest."""
    found = Comparison(_backtest(request, pk))
    groups = Groups(found, comparison_groups.wanted(request.GET.dict()))
    return render(request, "forecasting/backtest.html", {"page": found, "groups": groups})


@requires("forecast.view")
@require_GET
def backtest_download(request: HttpRequest, pk: int, table: str, suffix: str) -> HttpResponseBase:
    """Send a table of a backtest: its scores, its champions, every judged forecast."""
    found = _backtest(request, pk)
    name = f"{found.version.dataset.name}-{table}-{pk}"
    return downloads.respond(request, tables.frames_of(found, table), name=name, suffix=suffix)


@requires("forecast.view")
@require_GET
def judged_series(request: HttpRequest, pk: int) -> HttpResponse:
    """List the series of a backtest."""
    asked = series_filters.wanted(
        request.GET.dict(), sorts=judged_list.SORTS, usual=judged_list.WORST_FIRST
    )
    found = JudgedSeries(_backtest(request, pk), asked)
    return render_region(request, "forecasting/judged_series.html", {"list": found}, region="table")


@requires("forecast.view")
@require_GET
def judged_series_page(request: HttpRequest, pk: int, series_id: int) -> HttpResponse:
    page = replays.of_backtest(_backtest(request, pk), series_id, _asked(request))
    return render(request, "forecasting/series_page.html", {"page": page})


@requires("forecast.view")
@require_GET
def judged_series_download(
    request: HttpRequest, pk: int, series_id: int, suffix: str
) -> HttpResponse:
    """Send what every model forecast of one series on the folds."""
    found = _backtest(request, pk)
    name = f"{found.version.dataset.name}-{series_id}-judged"
    return _download(exports.judged(found, series_id), name, suffix)


@requires("forecast.view")
@require_GET
def champions(request: HttpRequest, pk: int) -> HttpResponse:
    """Show which model serves which store and product."""
    found = ChampionMap(_backtest(request, pk), champion_map.wanted(request.GET.dict()))
    return render(request, "forecasting/champions.html", {"map": found})


def _download(frame: pl.DataFrame, name: str, suffix: str) -> HttpResponse:
    """Send a table: CSV for people and their spreadsheets, Parquet as it is."""
    shown = downloads.for_sheets(frame) if suffix == "csv" else frame
    content = gateways.encoded(shown, f".{suffix}")
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    return HttpResponse(content, content_type=downloads.TYPES[suffix], headers=disposition)
