"""Importing a file: upload, columns, how it goes."""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import requires
from forecastlab.events import queries as events
from forecastlab.jobs.queries.jobs import JobNotFound
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.forms.imports import MappingForm, UploadForm
from forecastlab.warehouse.models import ImportReport
from forecastlab.warehouse.queries import import_page
from forecastlab.warehouse.queries.import_page import ImportPage
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.uploads import Upload

UNUSABLE = 422


def _viewer(request: HttpRequest) -> User:
    return cast("User", request.user)


@requires("dataset.import")
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    posted = request.method == "POST"
    start = {"name": request.GET.get("name", "")}
    form = UploadForm(request.POST, request.FILES) if posted else UploadForm(initial=start)
    if posted and form.is_valid():
        given = form.cleaned_data
        try:
            imports.check_name(given["name"], by=_viewer(request))
            upload = uploads.receive(given["file"].chunks(), file_name=given["file"].name)
        except HouseError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            ticket = uploads.ticket(upload, by=_viewer(request))
            query = urlencode({"file": ticket, "name": given["name"]})
            return redirect(f"{reverse('warehouse:import-map')}?{query}")
    status = UNUSABLE if posted else 200
    return render(request, "warehouse/import_new.html", {"form": form}, status=status)


@requires("dataset.import")
@require_http_methods(["GET", "POST"])
def import_map(request: HttpRequest) -> HttpResponse:
    name = request.GET.get("name", "")
    upload = uploads.redeem(request.GET.get("file", ""), by=_viewer(request))
    headings = upload.source.headings
    posted = request.method == "POST"
    form = MappingForm(request.POST if posted else None, headings=headings)
    if posted and form.is_valid():
        try:
            job = imports.start(
                name, upload, options=form.options(), by=_viewer(request), at=timezone.now()
            )
        except HouseError as error:
            form.add_error(None, error.message)
        else:
            return redirect("warehouse:import-job", job_id=job.pk)
    return _mapping_page(request, form, upload, name=name)


def _mapping_page(
    request: HttpRequest, form: MappingForm, upload: Upload, *, name: str
) -> HttpResponse:
    context = {
        "form": form,
        "name": name,
        "file_name": upload.file_name,
        "columns": form.columns(uploads.preview(upload).rows()),
    }
    status = UNUSABLE if form.errors else 200
    return render(request, "warehouse/import_map.html", context, status=status)


def _import_or_404(request: HttpRequest, job_id: int) -> ImportPage:
    try:
        return import_page.of(job_id, _viewer(request))
    except JobNotFound as error:
        raise Http404(error.message) from error


@requires("dataset.import")
@require_GET
def import_job(request: HttpRequest, job_id: int) -> HttpResponse:
    seq = events.head(f"job.{job_id}")
    shown = _import_or_404(request, job_id)
    context = {"import": shown, "page": shown.page, "seq": seq}
    return render(request, "warehouse/import_job.html", context)


@requires("dataset.import")
@require_GET
def import_report(request: HttpRequest, job_id: int) -> HttpResponse:
    context = {"import": _import_or_404(request, job_id)}
    return render(request, "warehouse/_import_report.html", context)


@requires("dataset.import")
@require_GET
def import_download(request: HttpRequest, job_id: int) -> HttpResponse:
    visible = ImportReport.objects.visible_to(_viewer(request))
    report = visible.filter(job_id=job_id).first()
    if report is None:
        raise Http404
    file_name = f"{report.dataset_name}-import-{job_id}.json"
    answer = JsonResponse(import_page.downloadable(report), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer
