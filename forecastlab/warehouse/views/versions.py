"""The versions of a dataset: their history, and how any two of them differ."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.alignment import Misaligned
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import differences, versions_page
from forecastlab.warehouse.queries.versions_page import Comparison
from forecastlab.warehouse.services import datasets


def _version_or_404(request: HttpRequest, ref: str) -> DatasetVersion:
    try:
        return queries.resolve(ref, person(request))
    except queries.NoSuchDataset as error:
        raise Http404(error.message) from error


def _pair_or_404(request: HttpRequest, name: str) -> tuple[DatasetVersion, DatasetVersion]:
    """Return the two versions that the address asks for; the newest and the one before it else."""
    newest = _version_or_404(request, name)
    after = _numbered(request, name, "after") or newest
    before = _numbered(request, name, "before") or after.parent or after
    return before, after


def _numbered(request: HttpRequest, name: str, key: str) -> DatasetVersion | None:
    asked = request.GET.get(key, "")
    return _version_or_404(request, f"{name}@{asked}") if asked else None


@requires("dataset.view")
@require_GET
def history(request: HttpRequest, name: str) -> HttpResponse:
    dataset = _version_or_404(request, name).dataset
    context = {
        "history": versions_page.history(dataset, page=request.GET.get("page", "1")),
        "may_change": datasets.may_change(dataset, person(request)),
    }
    return render(request, "warehouse/version_history.html", context)


@requires("dataset.view")
@require_GET
def compare(request: HttpRequest, name: str) -> HttpResponse:
    before, after = _pair_or_404(request, name)
    found = Comparison(before, after, differences.between(before, after))
    offered = versions_page.history(after.dataset).offered
    context = {"comparison": found, "offered": offered, "dataset": after.dataset}
    return render(request, "warehouse/version_compare.html", context)


@requires("dataset.view")
@require_GET
def compare_download(request: HttpRequest, name: str, suffix: str) -> HttpResponseBase:
    before, after = _pair_or_404(request, name)
    try:
        lines = differences.lines(before, after)
    except Misaligned as error:
        raise Http404(str(error)) from error
    file_name = f"{after.dataset.name}-{before.number}-to-{after.number}"
    return downloads.respond(request, lines, name=file_name, suffix=suffix)
