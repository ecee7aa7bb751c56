"""Pages of freezes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.lib.errors import HouseError
from forecastlab.planning.forms.overrides import FreezeForm
from forecastlab.planning.queries import freeze_list, horizons, places
from forecastlab.planning.services import freezes


@requires("override.view")
@require_GET
def freeze_listing(request: HttpRequest) -> HttpResponse:
    """List what is frozen, and what was."""
    dataset = request.GET.get("dataset", "")
    found = freeze_list.listed(person(request), dataset=dataset, page=request.GET.get("page", "1"))
    context = {
        "list": found,
        "tabs": places.tabs("freezes", dataset),
        "may_freeze": may(person(request), "freeze.make"),
    }
    return render(request, "planning/freezes.html", context)


@requires("freeze.make")
@require_http_methods(["GET", "POST"])
def freeze_new(request: HttpRequest) -> HttpResponse:
    dataset = request.GET.get("dataset", "")
    horizon = horizons.find(person(request), dataset)
    form = FreezeForm(request.POST or None, horizon=horizon)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                freezes.make(horizon, form.asked(), by=person(request), at=timezone.now())
            except HouseError as error:
                form.refuse(error)
                status = error.status
            else:
                messages.success(request, _("It is frozen: no overrides until it is lifted."))
                return redirect(_list_url(dataset))
    context = {"form": form, "horizon": horizon, "dataset": horizon.dataset.name}
    return render(request, "planning/freeze_new.html", context, status=status)


@requires("freeze.make")
@require_POST
def freeze_lift(request: HttpRequest, pk: int) -> HttpResponse:
    found = freezes.find(pk, viewer=person(request))
    try:
        freezes.lift(found, by=person(request), at=timezone.now())
    except HouseError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, _("The freeze is lifted: overrides are taken again."))
    return redirect(_list_url(found.dataset.name))


def _list_url(dataset: str) -> str:
    return reverse("planning:freezes", query={"dataset": dataset})
