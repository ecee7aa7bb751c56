"""Pages of overrides: the grid, the form, the file, the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.lib import downloads, figures
from forecastlab.lib.errors import BadInput, HouseError
from forecastlab.lib.htmx import render_region, wants_fragment
from forecastlab.planning.domain import override_lines
from forecastlab.planning.forms.overrides import OverrideForm, Sent, UploadForm, WhyForm, read_grid
from forecastlab.planning.models import Override
from forecastlab.planning.queries import (
    grid,
    horizons,
    override_log,
    override_preview,
    override_tables,
    places,
)
from forecastlab.planning.services import override_files, overrides

WRITE = "override.make"


@requires("override.view")
@require_GET
def override_grid(request: HttpRequest) -> HttpResponse:
    """Show some series and periods with the overrides that stand there."""
    asked = grid.wanted(request.GET.dict())
    return _grid_page(request, asked, form=WhyForm())


def _grid_page(
    request: HttpRequest,
    asked: grid.Wanted,
    *,
    form: WhyForm,
    typed: grid.Typed | None = None,
    status: int = 200,
) -> HttpResponse:
    found = grid.of(asked, viewer=person(request), typed=typed)
    context = {
        "grid": found,
        "form": form,
        "tabs": places.tabs("overrides", found.dataset if found else ""),
        "may_write": may(person(request), WRITE),
    }
    return render(request, "planning/override_grid.html", context, status=status)


@requires("override.make")
@require_http_methods(["GET", "POST"])
def override_save(request: HttpRequest) -> HttpResponse:
    """Write what was changed in the grid, or show it again with what is wrong.

    Links of a grid that was refused lead here, and on to the grid.
    """
    if request.method == "GET":
        shown = horizons.find(person(request), request.GET.get("dataset", ""))
        return redirect(
            _grid_url(grid.wanted({**request.GET.dict(), "dataset": shown.dataset.name}))
        )
    asked, sent, form = (
        grid.wanted(request.POST.dict()),
        read_grid(request.POST),
        WhyForm(request.POST),
    )
    if not sent.numbers and not sent.wrong:
        _tell(request, 0)
        return redirect(_grid_url(asked))
    problems, status = dict(sent.wrong), 422
    if form.is_valid() and not problems:
        try:
            return _saved(request, asked, sent, form)
        except overrides.Refused as refused:
            problems, status = (
                {key: one.message for key, one in refused.each.items()},
                refused.status,
            )
            form.refuse(refused)
        except HouseError as error:
            form.refuse(error)
            status = error.status
    typed = grid.Typed(sent.typed, problems)
    return _grid_page(request, asked, form=form, typed=typed, status=status)


def _saved(request: HttpRequest, asked: grid.Wanted, sent: Sent, form: WhyForm) -> HttpResponse:
    horizon = horizons.find(person(request), asked.dataset)
    words = form.words(Override.Via.GRID)
    made = overrides.save(horizon, sent.numbers, words, by=person(request), at=timezone.now())
    _tell(request, made.numbers if made else 0)
    return redirect(_grid_url(asked))


def _tell(request: HttpRequest, count: int) -> None:
    if not count:
        messages.info(request, _("Nothing was changed."))
        return
    said = ngettext("%(n)s number is saved.", "%(n)s numbers are saved.", count)
    messages.success(request, said % {"n": figures.number(count)})


def _grid_url(asked: grid.Wanted) -> str:
    told = {
        "dataset": asked.dataset,
        "search": asked.search,
        "only": asked.only,
        "first": asked.first,
        "page": asked.page if asked.page != "1" else "",
    }
    query = {name: one for name, one in told.items() if one}
    return reverse("planning:overrides", query=query or None)


# -- the form ----------------------------------------------------------------------------------


@requires("override.make")
@require_http_methods(["GET", "POST"])
def override_new(request: HttpRequest) -> HttpResponse:
    """Show the form, preview it as it is filled in, write the override."""
    dataset = request.GET.get("dataset", "")
    if not dataset:
        return redirect("planning:overrides")  # where one is chosen
    horizon = horizons.find(person(request), dataset)
    given = request.POST if request.method == "POST" else request.GET
    form = OverrideForm(given if "scope" in given else None, horizon=horizon)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = overrides.make(
                    horizon,
                    form.asked(),
                    form.words(Override.Via.FORM),
                    by=person(request),
                    at=timezone.now(),
                )
            except HouseError as error:
                form.refuse(error)
                status = error.status
            else:
                _tell(request, made.numbers)
                return redirect(
                    reverse("planning:overrides", query={"dataset": dataset, "first": made.first})
                )
    context = {
        "form": form,
        "horizon": horizon,
        "dataset": horizon.dataset.name,
        "url": reverse("planning:override-new", query={"dataset": dataset}),
        **_preview(horizon, form, preview_alone=request.method == "GET"),
    }
    template = "planning/override_new.html"
    if wants_fragment(request) and request.method == "GET":
        template += "#preview"
    return render(request, template, context, status=status)


def _preview(
    horizon: horizons.Horizon, form: OverrideForm, *, preview_alone: bool
) -> Mapping[str, Any]:
    """Say what would be written, or why nothing would; a preview alone needs no reason yet."""
    if not form.is_bound:
        return {}
    if not form.is_valid() and preview_alone:
        form.errors.pop("reason", None)
    if set(form.errors) - {"reason", "__all__"}:
        return {}
    try:
        found = overrides.preview(horizon, form.asked())
    except BadInput as error:
        return {"preview_error": error.message}
    return {"preview": override_preview.PreviewPage(horizon, found)}


# -- the file ----------------------------------------------------------------------------------


@requires("override.view")
@require_GET
def override_download(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send the forecast with its overrides as a table to be edited and uploaded again."""
    horizon = horizons.find(person(request), name)
    table = override_tables.editable(horizon)
    return downloads.respond(request, [table], name=f"{name}-overrides", suffix="csv")


@requires("override.make")
@require_http_methods(["GET", "POST"])
def override_upload(request: HttpRequest, name: str) -> HttpResponse:
    """Write a table that was edited, or name every line that cannot be used."""
    horizon = horizons.find(person(request), name)
    form, status = UploadForm(request.POST or None, request.FILES or None), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                return _uploaded(request, horizon, form)
            except override_files.LinesWrong as wrong:
                form.refuse_lines(wrong)
            except HouseError as error:
                form.refuse(error)
    context = {"form": form, "horizon": horizon, "dataset": name}
    template = "planning/override_upload.html"
    return render_region(request, template, context, region="form", status=status)


def _uploaded(request: HttpRequest, horizon: horizons.Horizon, form: UploadForm) -> HttpResponse:
    content = form.cleaned_data["file"].read(override_lines.MOST_BYTES + 1)
    by, at = person(request), timezone.now()
    outcome = override_files.upload(horizon, content, form.words(), by=by, at=at)
    _tell(request, outcome.changed)
    address = reverse("planning:overrides", query={"dataset": horizon.dataset.name})
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


# -- the log -----------------------------------------------------------------------------------


@requires("override.view")
@require_GET
def override_history(request: HttpRequest) -> HttpResponse:
    """List who overrode what, newest first."""
    dataset = request.GET.get("dataset", "")
    found = override_log.listed(person(request), dataset=dataset, page=request.GET.get("page", "1"))
    context = {
        "list": found,
        "tabs": places.tabs("overrides", dataset),
        "may_write": may(person(request), WRITE),
    }
    return render(request, "planning/override_log.html", context)
