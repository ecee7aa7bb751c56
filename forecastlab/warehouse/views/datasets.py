"""Datasets and what is in them."""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import requires
from forecastlab.events import queries as events
from forecastlab.lib.htmx import render_region
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import dataset_page, listing


def _viewer(request: HttpRequest) -> User:
    return cast("User", request.user)


def _version_or_404(request: HttpRequest, ref: str) -> DatasetVersion:
    try:
        return queries.resolve(ref, _viewer(request))
    except queries.NoSuchDataset as error:
        raise Http404(error.message) from error


@requires("dataset.view")
@require_GET
def datasets(request: HttpRequest) -> HttpResponse:
    found = listing.of(listing.wanted(request.GET.dict()), viewer=_viewer(request))
    return render_region(request, "warehouse/datasets.html", {"list": found}, region="table")


@requires("dataset.view")
@require_GET
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    return _version_page(request, name)


@requires("dataset.view")
@require_GET
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    return _version_page(request, f"{name}@{number}")


def _version_page(request: HttpRequest, ref: str) -> HttpResponse:
    shown = _version_or_404(request, ref)
    seq = events.head(shown.dataset.stream)
    page = dataset_page.of(shown)
    context = {"page": page, "versions": dataset_page.versions(shown.dataset), "seq": seq}
    return render(request, "warehouse/dataset.html", context)


@requires("dataset.view")
@require_GET
def dataset_versions(request: HttpRequest, name: str) -> HttpResponse:
    shown = _version_or_404(request, name)
    context = {"dataset": shown.dataset, "versions": dataset_page.versions(shown.dataset)}
    return render(request, "warehouse/_dataset_versions.html", context)
