"""Pages of batches."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.events import queries as events
from forecastlab.forecasting.forms import BatchForm
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.queries import (
    batch_pages,
    batch_representations,
    batch_situations,
    new_batch,
)
from forecastlab.forecasting.services import batches
from forecastlab.jobs.queries import jobs
from forecastlab.lib import downloads
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region, wants_fragment
from forecastlab.warehouse import queries as warehouse


@requires("forecast.view")
@require_GET
def batch_list(request: HttpRequest) -> HttpResponse:
    found = batch_pages.listed(person(request), batch_pages.wanted(request.GET.dict()))
    return render(request, "forecasting/batches.html", {"list": found})


@requires("forecast.view")
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a batch; its table of items alone is asked for again as the batch goes on."""
    # Before the rows: an event that commits in between is shown twice, not lost.
    seq = events.head(f"batch.{pk}")
    found = batches.find(pk, viewer=person(request))
    counted = Batch.objects.for_lists().defer(None).get(pk=found.pk)
    page = batch_pages.BatchPage(counted, batch_pages.wanted_items(request.GET.dict()))
    context = {"page": page, "seq": seq, **_rights(request, found)}
    return render_region(request, "forecasting/batch.html", context, region="items")


@requires("forecast.view")
@require_GET
def batch_actions(request: HttpRequest, pk: int) -> HttpResponse:
    found = batches.find(pk, viewer=person(request))
    return render(request, "forecasting/_batch_actions.html", _rights(request, found))


def _rights(request: HttpRequest, found: Batch) -> dict[str, Any]:
    return {
        "batch": found,
        "may_act": may(person(request), "forecast.issue"),
        "is_own": bool(found.job and found.job.kind == batches.KIND),
        "is_stopping": bool(found.job and found.job.cancel_requested),
        "stops_later": jobs.stops_later(found.job),
        "can_retry": batches.can_retry(found),
    }


@requires("forecast.issue")
@require_POST
def batch_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = batches.find(pk, viewer=person(request))
    try:
        batches.cancel(found, by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    return redirect(found)


@requires("forecast.issue")
@require_POST
def batch_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = batches.find(pk, viewer=person(request))
    try:
        batches.retry(found, by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    return redirect(found)


@requires("forecast.view")
@require_GET
def batch_download(request: HttpRequest, pk: int, suffix: str) -> HttpResponseBase:
    """Send the items of a batch as a table."""
    found = batches.find(pk, viewer=person(request))
    name = f"{found.version.dataset.name}-batch-{pk}"
    table = batch_representations.table(found)
    return downloads.respond(request, [table], name=name, suffix=suffix)


# -- starting ---------------------------------------------------------------------------------


@requires("forecast.issue")
@require_http_methods(["GET", "POST"])
def batch_new(request: HttpRequest) -> HttpResponse:
    """Show the form, preview it as it is filled in, start the batch."""
    form = _form(request)
    if request.method == "GET":
        return _new_page(request, form, status=200)
    if form.is_valid():
        try:
            by = person(request)
            version = warehouse.resolve(form.cleaned_data["dataset"], by)
            started = batches.start(version, form.options(), by=by, at=timezone.now())
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect(started)
    return _new_page(request, form, status=422)


def _form(request: HttpRequest) -> BatchForm:
    given = request.POST if request.method == "POST" else request.GET
    return BatchForm(
        given if "dataset" in given else None,
        request.FILES if request.method == "POST" else None,
        datasets=new_batch.datasets(person(request), given.get("dataset", "")),
        models=new_batch.models(),
    )


def _new_page(request: HttpRequest, form: BatchForm, *, status: int) -> HttpResponse:
    context = {"form": form, **_preview(request, form)}
    if wants_fragment(request) and request.method == "GET":
        return render(request, "forecasting/batch_new.html#preview", context)
    return render(request, "forecasting/batch_new.html", context, status=status)


def _preview(request: HttpRequest, form: BatchForm) -> dict[str, Any]:
    """Say what would be judged, or why nothing would; and which presets the dataset can use."""
    if not form.is_bound or not form.is_valid():
        return {}
    options, offers = form.options(), []
    try:
        version = warehouse.resolve(form.cleaned_data["dataset"], person(request))
        offers = batch_situations.offers(version)
        found = batches.prepare(version, options) if options else None
    except HouseError as error:
        form.refuse(error.field, error.message)
        return {"preview_error": error.message, "offers": offers}
    return {"preview": found and new_batch.preview(found.shown()), "offers": offers}
