"""Simulating a dataset: what to draw, how much that is, and the truth behind what was drawn."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import downloads
from forecastlab.lib.errors import HouseError, NotFound
from forecastlab.lib.htmx import wants_fragment
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.simulator import size
from forecastlab.warehouse.domain.simulator.size import Size
from forecastlab.warehouse.forms.simulations import SimulationForm
from forecastlab.warehouse.queries import truth
from forecastlab.warehouse.services import simulations

UNUSABLE = 422


@requires("dataset.import")
@require_http_methods(["GET", "POST"])
def simulate(request: HttpRequest) -> HttpResponse:
    """Show the form, say how much it would draw as it is filled in, start the job."""
    if request.method == "GET":
        given = request.GET if "preset" in request.GET else None
        return _page(request, SimulationForm(given, initial={"name": request.GET.get("name", "")}))
    form = SimulationForm(request.POST)
    if form.is_valid():
        now, by = timezone.now(), person(request)
        try:
            config = form.asked().config(now)
            job = simulations.start(form.cleaned_data["name"], config, by=by, at=now)
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect("warehouse:import-job", job_id=job.pk)
    return _page(request, form, status=UNUSABLE)


def _page(request: HttpRequest, form: SimulationForm, *, status: int = 200) -> HttpResponse:
    told, refusal = _size(form)
    context = {"form": form, "size": told, "refusal": refusal, "other_preset": False}
    if wants_fragment(request) and request.method == "GET":
        context["other_preset"] = "other_preset" in request.GET
        return render(request, "warehouse/simulate.html#size", context)
    return render(request, "warehouse/simulate.html", context, status=status)


def _size(form: SimulationForm) -> tuple[Size | None, str]:
    """Say how much would be drawn, or why nothing would; the reason stands under its field too."""
    if not form.is_bound:
        form = SimulationForm({})
    if not form.is_valid():
        return None, " ".join(str(one) for errors in form.errors.values() for one in errors)
    try:
        return size.of(form.asked().config(timezone.now())), ""
    except HouseError as error:
        form.refuse(error.field, error.message)
        return None, error.message


@requires("dataset.view")
@require_GET
def truth_download(request: HttpRequest, name: str, number: int, suffix: str) -> HttpResponse:
    try:
        version = queries.resolve(f"{name}@{number}", person(request))
        frames = truth.frames(version)
    except NotFound as error:
        raise Http404(error.message) from error
    file_name = f"{name}-{number}-truth"
    response: HttpResponse = downloads.respond(request, frames, name=file_name, suffix=suffix)  # type: ignore[assignment]
    return response
