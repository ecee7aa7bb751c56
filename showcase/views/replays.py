from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError
from showcase.forms.replays import ReplayForm, ResetForm
from showcase.models import Workspace
from showcase.queries import replays
from showcase.services import replaying, resets, workspaces
from showcase.services.replay_inputs import Inputs


@requires("workspace.replay")
@require_http_methods(["GET", "POST"])
def workspace_replay(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a replay would send beside what was recorded, and start it."""
    source = workspaces.find(name, viewer=person(request))
    if request.method == "GET":
        return _page(request, source, ReplayForm(), status=200)
    form = ReplayForm(request.POST)
    if form.is_valid():
        try:
            run = replaying.start(source, form.asked(), by=person(request), at=timezone.now())
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect(run)
    return _page(request, source, form, status=422)


def _page(
    request: HttpRequest, source: Workspace, form: ReplayForm, *, status: int
) -> HttpResponse:
    by = person(request)
    inputs = Inputs(source, by=by, at=timezone.now())
    context = {
        "workspace": source,
        "inputs": inputs,
        "form": form,
        "is_simulated": resets.can_reset(source, by),
    }
    return render(request, "showcase/workspace_replay.html", context, status=status)


@requires("workspace.reset")
@require_POST
def workspace_reset(request: HttpRequest, name: str) -> HttpResponse:
    """List what a reset would delete; with the token of a list and the name, do it and replay."""
    source = workspaces.find(name, viewer=person(request))
    if "token" not in request.POST:
        return _listed(request, source, ResetForm(), status=200)
    form = ResetForm(request.POST)
    if form.is_valid():
        given, asked = form.confirmation(), form.asked()
        try:
            run = resets.replay(source, given, asked, by=person(request), at=timezone.now())
        except HouseError as error:
            form.add_error("name" if error.field == "name" else None, error.message)
        else:
            return redirect(run)
    return _listed(request, source, form, status=422)


def _listed(
    request: HttpRequest, source: Workspace, form: ResetForm, *, status: int
) -> HttpResponse:
    """Show the list as it is now, with a token of its own: an earlier one is of no use any more."""
    try:
        found = resets.preview(source, by=person(request), at=timezone.now())
    except HouseError as error:
        messages.warning(request, error.message)
        return redirect("showcase:workspace-replay", source.name)
    counts = replays.counts(found.listing)
    context = {"workspace": source, "found": found, "counts": counts, "form": form}
    return render(request, "showcase/workspace_reset.html", context, status=status)
