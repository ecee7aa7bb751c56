"""The days of a dataset's calendar."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset
from forecastlab.warehouse.queries import calendar_page


def _dataset_or_404(request: HttpRequest, name: str) -> Dataset:
    try:
        return queries.resolve(name, person(request)).dataset
    except queries.NoSuchDataset as error:
        raise Http404(error.message) from error


@requires("dataset.view")
@require_GET
def calendar(request: HttpRequest, name: str) -> HttpResponse:
    dataset, given = _dataset_or_404(request, name), request.GET
    found = calendar_page.of(
        dataset, page=given.get("page", "1"), special=bool(given.get("special"))
    )
    return render(request, "warehouse/dataset_calendar.html", {"calendar": found})


@requires("dataset.view")
@require_GET
def calendar_download(request: HttpRequest, name: str, suffix: str) -> HttpResponseBase:
    days = calendar_page.table(_dataset_or_404(request, name))
    return downloads.respond(request, days, name=f"{name}-calendar", suffix=suffix)
