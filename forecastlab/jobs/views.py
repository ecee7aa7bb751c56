from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.events import queries as events
from forecastlab.jobs.queries import jobs as queries
from forecastlab.jobs.services import jobs


@requires("job.view")
@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    found, following = queries.listed(request.user, cursor=request.GET.get("cursor", ""))
    rows = [queries.job_row(job) for job in found]
    return render(request, "jobs/jobs.html", {"rows": rows, "next": following})


@requires("job.view")
@require_GET
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    job = queries.find(pk, request.user)
    seq = events.head(job.stream)
    job.refresh_from_db()
    return render(request, "jobs/job.html", {"page": queries.job_page(job), "seq": seq})


@requires("job.view")
@require_GET
def job_actions(request: HttpRequest, pk: int) -> HttpResponse:
    page = queries.job_page(queries.find(pk, request.user))
    return render(request, "jobs/_job_actions.html", {"page": page})


@requires("job.cancel")
@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = jobs.cancel(queries.find(pk, request.user), by=person(request), at=timezone.now())
    if job.cancel_requested:
        messages.success(request, _("The job is being stopped."))
    else:
        messages.info(request, _("The job was over already."))
    return redirect("jobs:job", pk=job.pk)
