from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from forecastlab.accounts.services import saved_views
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from showcase.domain.comparison import FEWEST
from showcase.queries import compare_page, compare_tables, comparing
from showcase.queries.compare_page import PAGE, REMEMBERED_AS, Asked


@requires("workspace.view")
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Show workspaces side by side, or offer those there are where too few are named."""
    asked = _asked(request)
    viewer = person(request)
    offered = compare_page.offered(viewer, besides=asked.names)
    context = {"asked": asked, "offered": offered}
    if len(asked.names) < FEWEST:
        return render(request, "showcase/workspace_compare_choose.html", context)
    context["page"] = compare_page.of(asked, viewer=viewer)
    return render(request, "showcase/workspace_compare.html", context)


def _asked(request: HttpRequest) -> Asked:
    given = request.GET
    return compare_page.asked(
        list(dict.fromkeys(given.getlist("of"))),
        given.getlist("columns"),
        everything=given.get("all") == "1",
        viewer=person(request),
    )


@requires("workspace.view")
@require_POST
def compare_columns(request: HttpRequest) -> HttpResponse:
    """Remember which columns somebody wants to see, and show these."""
    columns = [("columns", one) for one in request.POST.getlist("columns")]
    saved_views.save(REMEMBERED_AS, page=PAGE, query=urlencode(columns), by=person(request))
    names = [("of", one) for one in request.POST.getlist("of")]
    return redirect(f"{reverse(PAGE)}?{urlencode([*names, *columns])}")


@requires("workspace.view")
@require_GET
def compare_download(request: HttpRequest, suffix: str) -> HttpResponseBase:
    found = comparing.of(request.GET.getlist("of"), viewer=person(request))
    frame = compare_tables.frame(found)
    return downloads.respond(request, [frame], name="compared-workspaces", suffix=suffix)
