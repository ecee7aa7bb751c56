"""Step 3 of an import: what would be stored and what is wrong, and the decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.events import queries as events
from forecastlab.jobs.queries.jobs import JobNotFound
from forecastlab.jobs.services import jobs
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.queries import preview_page
from forecastlab.warehouse.queries.preview_page import PreviewPage
from forecastlab.warehouse.services import imports, previews, uploads
from forecastlab.warehouse.services.imports import Asked
from forecastlab.warehouse.views import columns


def _preview_or_404(request: HttpRequest, job_id: int) -> PreviewPage:
    try:
        return preview_page.of(job_id, person(request))
    except JobNotFound as error:
        raise Http404(error.message) from error


def _context(request: HttpRequest, preview: PreviewPage) -> dict[str, Any]:
    """Return what the page shows; without the address of the columns when the file is gone."""
    by, asked = person(request), Asked.of(preview.job.params)
    try:
        upload = imports.opened(asked)
    except HouseError:
        return {"preview": preview, "columns_url": "", "ticket": ""}
    address = columns.address(
        upload, preview.name, by=by, options=asked.options, preview=preview.job.pk
    )
    return {
        "preview": preview,
        "columns_url": address,
        "ticket": uploads.ticket(upload, by=by),
    }


@requires("dataset.import")
@require_GET
def import_preview(request: HttpRequest, job_id: int) -> HttpResponse:
    seq = events.head(f"job.{job_id}")
    context = {**_context(request, _preview_or_404(request, job_id)), "seq": seq}
    return render(request, "warehouse/import_preview.html", context)


@requires("dataset.import")
@require_GET
def import_preview_found(request: HttpRequest, job_id: int) -> HttpResponse:
    context = _context(request, _preview_or_404(request, job_id))
    return render(request, "warehouse/_import_preview.html", context)


@requires("dataset.import")
@require_POST
def import_preview_stop(request: HttpRequest, job_id: int) -> HttpResponse:
    preview = _preview_or_404(request, job_id)
    jobs.cancel(preview.job, by=person(request), at=timezone.now())
    return redirect("warehouse:import-preview", job_id=job_id)


@requires("dataset.import")
@require_POST
def import_preview_accept(request: HttpRequest, job_id: int) -> HttpResponse:
    preview = _preview_or_404(request, job_id)
    try:
        agreed = bool(request.POST.get("agreed"))
        job = previews.accept(preview.job, by=person(request), at=timezone.now(), agreed=agreed)
    except HouseError as error:
        messages.error(request, error.message)
        return redirect("warehouse:import-preview", job_id=job_id)
    return redirect("warehouse:import-job", job_id=job.pk)


@requires("dataset.import")
@require_POST
def import_discard(request: HttpRequest) -> HttpResponse:
    """Give an uploaded file up."""
    upload = uploads.redeem(request.POST.get("ticket", ""), by=person(request))
    previews.discard(upload)
    messages.info(request, _("The uploaded file was deleted. Nothing was loaded."))
    return redirect("warehouse:datasets")
