"""The series of a version, and what can be taken away of it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from forecastlab.lib.htmx import render_region
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import DatasetVersion, SeriesProfile
from forecastlab.warehouse.queries import series_list, series_page, tables
from forecastlab.warehouse.queries.series_page import SeriesPage


def _version_or_404(request: HttpRequest, name: str, number: int) -> DatasetVersion:
    try:
        return queries.resolve(f"{name}@{number}", person(request))
    except queries.NoSuchDataset as error:
        raise Http404(error.message) from error


def _series_or_404(version: DatasetVersion, series_id: int) -> SeriesProfile:
    try:
        return series_page.find(version, series_id)
    except series_page.NoSuchSeries as error:
        raise Http404(error.message) from error


def _wanted(request: HttpRequest) -> series_list.Wanted:
    return series_list.wanted(request.GET.dict(), request.GET.getlist("trait"))


@requires("dataset.view")
@require_GET
def series(request: HttpRequest, name: str, number: int) -> HttpResponse:
    found = series_list.of(_version_or_404(request, name, number), _wanted(request))
    return render_region(request, "warehouse/series_list.html", {"list": found}, region="table")


@requires("dataset.view")
@require_GET
def one_series(request: HttpRequest, name: str, number: int, series_id: int) -> HttpResponse:
    version = _version_or_404(request, name, number)
    asked = series_page.wanted(request.GET.dict())
    page = SeriesPage(version, _series_or_404(version, series_id), asked)
    return render(request, "warehouse/series_page.html", {"page": page})


# -- downloads --------------------------------------------------------------------------------


@requires("dataset.view")
@require_GET
def version_download(
    request: HttpRequest, name: str, number: int, table: str, suffix: str
) -> HttpResponseBase:
    """Send all rows, the list of series as it is filtered and sorted, or the overview."""
    frames = tables.named(_version_or_404(request, name, number), table, _wanted(request))
    return downloads.respond(request, frames, name=f"{name}-{number}-{table}", suffix=suffix)


@requires("dataset.view")
@require_GET
def series_download(
    request: HttpRequest, name: str, number: int, series_id: int, suffix: str
) -> HttpResponseBase:
    version = _version_or_404(request, name, number)
    found = _series_or_404(version, series_id)
    rows = tables.facts(version, found.series_id)
    file_name = f"{name}-{number}-series-{series_id}"
    return downloads.respond(request, rows, name=file_name, suffix=suffix)
