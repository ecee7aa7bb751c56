"""Importing a bundle: the upload, what is in it, and the order to import it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region, wants_fragment
from showcase.forms.imports import BundleForm, ConfirmForm
from showcase.services import import_outlook, importing

UNUSABLE = 422


@requires("workspace.import")
@require_http_methods(["GET", "POST"])
def workspace_import(request: HttpRequest) -> HttpResponse:
    """Ask for a file; with the ticket of one, say what is in it and ask whether to import it."""
    if request.method == "POST":
        return _confirmed(request) if "upload" in request.POST else _received(request)
    if "upload" in request.GET:
        return _shown(request, request.GET["upload"])
    return _asked(request, BundleForm())


def _asked(request: HttpRequest, form: BundleForm, status: int = 200) -> HttpResponse:
    template = "showcase/workspace_import.html"
    return render_region(request, template, {"form": form}, region="form", status=status)


def _received(request: HttpRequest) -> HttpResponse:
    form = BundleForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            received = importing.receive(file.chunks(), file_name=file.name)
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return _onward(request, importing.ticket(received, by=person(request)))
    return _asked(request, form, UNUSABLE)


def _onward(request: HttpRequest, ticket: str) -> HttpResponse:
    address = f"{reverse('showcase:workspace-import')}?{urlencode({'upload': ticket})}"
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _shown(request: HttpRequest, ticket: str, form: ConfirmForm | None = None) -> HttpResponse:
    """Say what lies there; without it, ask for the file again."""
    try:
        outlook = import_outlook.of(ticket, by=person(request))
    except HouseError as error:
        again = BundleForm({})
        again.errors.clear()
        again.refuse(error.field, error.message)
        return _asked(request, again, UNUSABLE)
    first = ConfirmForm(initial={"upload": ticket, "name": outlook.name})
    context = {"outlook": outlook, "form": form or first}
    status = UNUSABLE if form else 200
    return render(request, "showcase/workspace_import_confirm.html", context, status=status)


def _confirmed(request: HttpRequest) -> HttpResponse:
    form = ConfirmForm(request.POST)
    by = person(request)
    if form.is_valid():
        try:
            received = importing.redeem(form.cleaned_data["upload"], by=by)
            name = form.cleaned_data["name"]
            job = importing.start(received, name=name, by=by, at=timezone.now())
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect("jobs:job", job.pk)
    return _shown(request, request.POST["upload"], form)
