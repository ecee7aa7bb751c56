"""Pages of published forecasts, and of what overrides were worth."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.lib import downloads, texts
from forecastlab.lib.errors import HouseError
from forecastlab.planning.forms.overrides import PublishForm
from forecastlab.planning.queries import (
    horizons,
    places,
    publication_draft,
    publication_tables,
    standing,
    value_added,
)
from forecastlab.planning.queries import publications as pages
from forecastlab.planning.services import publications


@requires("override.view")
@require_GET
def publication_list(request: HttpRequest) -> HttpResponse:
    """List what was published, newest first."""
    dataset = request.GET.get("dataset", "")
    found = pages.listed(person(request), dataset=dataset, page=request.GET.get("page", "1"))
    context = {
        "list": found,
        "tabs": places.tabs("publications", dataset),
        "may_publish": may(person(request), "override.make"),
    }
    return render(request, "planning/publications.html", context)


@requires("override.make")
@require_http_methods(["GET", "POST"])
def publication_new(request: HttpRequest) -> HttpResponse:
    """Show what would be published, then publish it, unless it has changed since."""
    dataset = request.GET.get("dataset", "")
    if not dataset:
        return redirect("planning:publications")  # where one is chosen
    horizon = horizons.find(person(request), dataset)
    form = PublishForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                made = publications.publish(
                    horizon,
                    **form.cleaned_data,
                    by=person(request),
                    at=timezone.now(),
                )
            except HouseError as error:
                form.refuse(error)
                status = error.status
            else:
                messages.success(request, _("Version %s is published.") % made.number)
                return redirect(made)
    context = {
        "form": form,
        # Before the figures: what changes in between is asked about again, not published unseen.
        "seen": standing.mark(horizon),
        "draft": publication_draft.of(horizon),
        "dataset": horizon.dataset.name,
    }
    return render(request, "planning/publication_new.html", context, status=status)


@requires("override.view")
@require_GET
def publication(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a published forecast beside the model, or beside another version."""
    found = publications.find(pk, viewer=person(request))
    other = texts.number(request.GET.get("against", ""))
    against = publications.beside(found, other)
    page = pages.PublicationPage(found, against, request.GET.get("page", "1"))
    return render(request, "planning/publication.html", {"page": page})


@requires("override.view")
@require_GET
def publication_download(request: HttpRequest, pk: int, suffix: str) -> HttpResponseBase:
    found = publications.find(pk, viewer=person(request))
    name = f"{found.dataset.name}-published-{found.number}"
    return downloads.respond(request, [publication_tables.long(found)], name=name, suffix=suffix)


@requires("override.view")
@require_GET
def value_added_page(request: HttpRequest) -> HttpResponse:
    """Show what overrides did to the error, by author, reason or series."""
    dataset = request.GET.get("dataset", "")
    found = value_added.page(person(request), value_added.wanted(request.GET.dict()))
    context = {"page": found, "tabs": places.tabs("value-added", dataset)}
    return render(request, "planning/value_added.html", context)
