"""Exports of kept runs: the page, and bundles to take away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from forecastlab.accounts.services.access import person, requires
from forecastlab.events import queries as events
from forecastlab.lib import ranges
from forecastlab.lib.errors import HouseError
from showcase.models import Workspace
from showcase.queries.export_page import ExportPage
from showcase.services import exporting, workspaces


@requires("workspace.view")
@require_GET
def workspace_export(request: HttpRequest, name: str) -> HttpResponse:
    workspace = workspaces.find(name, viewer=person(request))
    if name in workspace.former_names:
        return redirect("showcase:workspace-export", workspace.name)
    return render(request, "showcase/workspace_export.html", _shown(workspace))


@requires("workspace.view")
@require_GET
def workspace_bundles(request: HttpRequest, name: str) -> HttpResponse:
    """Show the list of bundles alone: it asks again while an export goes on."""
    workspace = workspaces.find(name, viewer=person(request))
    return render(request, "showcase/_workspace_bundles.html", _shown(workspace))


def _shown(workspace: Workspace) -> dict[str, Any]:
    """Return the page; the number of the last event is read before the rows that it is about."""
    page = ExportPage(workspace)
    seq = events.head(page.job.stream) if page.job else 0
    return {"export": page, "page": page.job_page, "seq": seq}


@requires("workspace.export")
@require_POST
def workspace_export_start(request: HttpRequest, name: str) -> HttpResponse:
    workspace = workspaces.find(name, viewer=person(request))
    try:
        exporting.start(
            workspace,
            contents=request.POST.getlist("with"),
            by=person(request),
            at=timezone.now(),
        )
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    return redirect("showcase:workspace-export", name)


@requires("workspace.view")
@require_safe
def bundle_download(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    bundle = exporting.find(name, pk, viewer=person(request))
    return ranges.respond(request, exporting.path(bundle), exporting.kept(bundle))


@requires("workspace.export")
@require_POST
def bundle_delete(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    exporting.delete(exporting.find(name, pk, viewer=person(request)))
    messages.info(request, _("The bundle is deleted."))
    return redirect("showcase:workspace-export", name)
