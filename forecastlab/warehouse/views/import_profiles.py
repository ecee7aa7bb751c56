"""Import profiles: how files of one shape are read, each person's own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.warehouse.services import import_profiles


@requires("dataset.import")
@require_GET
def profiles(request: HttpRequest) -> HttpResponse:
    context = {"profiles": import_profiles.listed(person(request))}
    return render(request, "warehouse/import_profiles.html", context)


@requires("dataset.import")
@require_POST
def profile_delete(request: HttpRequest, pk: int) -> HttpResponse:
    name = import_profiles.delete(pk, by=person(request))
    messages.info(request, _("The profile '%(name)s' is gone.") % {"name": name})
    return redirect("warehouse:import-profiles")
