"""Importing a file: the upload, and how it goes."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.services.access import person, requires
from forecastlab.events import queries as events
from forecastlab.jobs.queries.jobs import JobNotFound
from forecastlab.lib import downloads
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region, wants_fragment
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.forms.imports import UploadForm
from forecastlab.warehouse.models import ImportReport
from forecastlab.warehouse.queries import import_page
from forecastlab.warehouse.queries.import_page import ImportPage
from forecastlab.warehouse.services import beside, imports
from forecastlab.warehouse.views import columns

UNUSABLE = 422


@requires("dataset.import")
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    posted = request.method == "POST"
    start = {"name": request.GET.get("name", "")}
    form = UploadForm(request.POST, request.FILES) if posted else UploadForm(initial=start)
    if posted and form.is_valid():
        try:
            return _received(request, form)
        except HouseError as error:
            form.refuse(error.field, error.message)
    status = UNUSABLE if posted else 200
    template = "warehouse/import_new.html"
    return render_region(request, template, {"form": form}, region="form", status=status)


def _received(request: HttpRequest, form: UploadForm) -> HttpResponse:
    """Keep the files and go on to the columns, beginning as an earlier preview did."""
    by, given = person(request), form.cleaned_data
    name = imports.check_name(given["name"], by=by)
    upload, options = beside.receive_all(
        (given["file"].name, given["file"].chunks()),
        form.further(),
        Options(encoding=given["encoding"]),
    )
    address = columns.address(
        upload, name, by=by, options=options, preview=request.GET.get("preview", "")
    )
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _import_or_404(request: HttpRequest, job_id: int) -> ImportPage:
    try:
        return import_page.of(job_id, person(request))
    except JobNotFound as error:
        raise Http404(error.message) from error


@requires("dataset.view")
@require_GET
def import_job(request: HttpRequest, job_id: int) -> HttpResponse:
    seq = events.head(f"job.{job_id}")
    shown = _import_or_404(request, job_id)
    context = {"import": shown, "page": shown.page, "seq": seq}
    return render(request, "warehouse/import_job.html", context)


@requires("dataset.view")
@require_GET
def import_report(request: HttpRequest, job_id: int) -> HttpResponse:
    context = {"import": _import_or_404(request, job_id)}
    return render(request, "warehouse/_import_report.html", context)


@requires("dataset.view")
@require_GET
def import_problems(request: HttpRequest, job_id: int, suffix: str) -> HttpResponseBase:
    try:
        name, found = import_page.problems_of(job_id, person(request))
    except JobNotFound as error:
        raise Http404(error.message) from error
    table = import_page.problem_table(found)
    return downloads.respond(request, [table], name=f"{name}-problems-{job_id}", suffix=suffix)


@requires("dataset.view")
@require_GET
def import_download(request: HttpRequest, job_id: int) -> HttpResponse:
    visible = ImportReport.objects.visible_to(person(request))
    report = visible.filter(job_id=job_id).first()
    if report is None:
        raise Http404
    file_name = f"{report.dataset_name}-import-{job_id}.json"
    answer = JsonResponse(import_page.downloadable(report), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer
