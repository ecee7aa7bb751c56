from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.events import queries as events
from forecastlab.jobs.queries import jobs
from forecastlab.lib import texts
from forecastlab.lib.errors import HouseError, NotFound
from forecastlab.lib.htmx import render_region, wants_fragment
from showcase.forms.runs import RunForm, initial_of
from showcase.models import Run, Workspace
from showcase.queries import home as home_queries
from showcase.queries import new_run, run_list, run_page, step_log
from showcase.services import configs, installation, replaying, run_presets, runs, workspaces


@requires("home.view")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    seq = events.head(Run.LIST_STREAM)
    page = home_queries.of(person(request), now=now)
    if page.is_empty:
        findings = installation.findings(at=now)
        return render(request, "showcase/home_empty.html", {"findings": findings})
    return render(request, "showcase/home.html", {"home": page, "now": now, "seq": seq})


@requires("run.view")
@require_GET
def runs_list(request: HttpRequest) -> HttpResponse:
    asked = run_list.wanted(request.GET.dict())
    found = run_list.of(asked, viewer=person(request), now=timezone.now())
    return render_region(request, "showcase/runs.html", {"list": found}, region="table")


@requires("run.view")
@require_GET
def runs_new(request: HttpRequest) -> HttpResponse:
    """Say how many runs began since a list was read."""
    after = texts.number(request.GET.get("after", "0"))
    if after is None:
        raise NotFound(_("There is no run of that number."))
    found = run_list.news(person(request), after=after)
    return render(request, "showcase/_runs_new.html", {"news": found})


@requires("run.view")
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    # Before the rows: an event that commits in between is shown twice, not lost.
    seq = events.head(f"run.{pk}")
    found = runs.find(pk, viewer=person(request))
    page = run_page.RunPage(found, now=timezone.now())
    recent = run_list.recent(found, viewer=person(request))
    context = {"page": page, "seq": seq, "recent": recent, **_rights(request, found)}
    return render(request, "showcase/run.html", context)


@requires("run.view")
@require_GET
def run_actions(request: HttpRequest, pk: int) -> HttpResponse:
    found = runs.find(pk, viewer=person(request))
    return render(request, "showcase/_run_actions.html", _rights(request, found))


@requires("run.view")
@require_GET
def run_step_log(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Show what a step said; a card of the page asks for the lines alone."""
    said = step_log.of(runs.find(pk, viewer=person(request)), step)
    return render_region(request, "showcase/run_step_log.html", {"said": said}, region="lines")


def _rights(request: HttpRequest, found: Run) -> dict[str, Any]:
    user = person(request)
    return {
        "run": found,
        "can_stop": may(user, "run.stop"),
        "can_start": may(user, "run.start"),
        "is_stopping": bool(found.job and found.job.cancel_requested),
        "stops_later": jobs.stops_later(found.job),
        "retry_from": run_page.titled(found, runs.choices(found)) if runs.can_retry(found) else [],
    }


@requires("run.stop")
@require_POST
def run_stop(request: HttpRequest, pk: int) -> HttpResponse:
    found = runs.find(pk, viewer=person(request))
    try:
        runs.stop(found, by=person(request), at=timezone.now())
    except runs.RunFinished as refusal:
        messages.warning(request, refusal.message)
    return redirect(found)


@requires("run.start")
@require_POST
def run_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = runs.find(pk, viewer=person(request))
    step = request.POST.get("step", "")
    try:
        runs.retry(found, step=step, by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    return redirect(found)


# -- starting ---------------------------------------------------------------------------------


@requires("run.start")
@require_http_methods(["GET", "POST"])
def run_new(request: HttpRequest) -> HttpResponse:
    """Show the form, preview it as it is filled in, start the run."""
    source = _replayed(request)
    form = _form(request, source)
    if request.method == "GET":
        return _new_page(request, form, source, status=200)
    if form.is_valid():
        by, now = person(request), timezone.now()
        try:
            started = replaying.start_form(form.options(), source, by=by, at=now)
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect(started)
    return _new_page(request, form, source, status=422)


def _replayed(request: HttpRequest) -> Workspace | None:
    """Return the workspace that the form is to replay with other settings, if it is."""
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("replay", "")
    return workspaces.find(name, viewer=person(request)) if name else None


def _form(request: HttpRequest, source: Workspace | None) -> RunForm:
    given = request.POST if request.method == "POST" else request.GET
    earlier = texts.number(given.get("from", ""))
    again = None if earlier is None else runs.find(earlier, viewer=person(request))
    options = new_run.without_usual_name(new_run.options_of(again), again) if again else {}
    if source is not None:
        recorded = new_run.without_usual_name(new_run.recorded(source.run), source.run)
        options = {**recorded, **replaying.kept(source)}
    if given.get("preset"):
        options = run_presets.named(given["preset"], by=person(request)).options
    if given.get("dataset"):  # where the page of a dataset leads
        options = {"dataset": given["dataset"]}
    initial = {**initial_of(options), "preset_name": given.get("preset", "")}
    chosen = given.get("sales") or initial.get("sales", "")
    known = configs.known_names()
    return RunForm(
        given if "sales" in given else None,
        initial=initial,
        sales=new_run.sales_choices(person(request), scenarios=known.scenarios, chosen=chosen),
        models=new_run.model_choices(),
        cannot=new_run.models_that_cannot_run(),
    )


def _new_page(
    request: HttpRequest, form: RunForm, source: Workspace | None, *, status: int
) -> HttpResponse:
    preview, refusal = _preview(request, form, source)
    context = {
        "form": form,
        "preview": preview,
        "preview_error": refusal,
        "presets": run_presets.listed(person(request)),
        "preset": request.GET.get("preset", ""),
        "replay": source,
        "other_sales": wants_fragment(request) and "other_sales" in request.GET,
    }
    if wants_fragment(request) and request.method == "GET":
        return render(request, "showcase/run_new.html#preview", context)
    return render(request, "showcase/run_new.html", context, status=status)


def _preview(
    request: HttpRequest, form: RunForm, source: Workspace | None
) -> tuple[new_run.Preview | None, str]:
    """Say what would run, or why nothing would; the reason stands under its field as well."""
    if form.is_bound and not form.is_valid():
        return None, ""
    options = form.options() if form.is_bound else form.initial_options()
    try:
        prepared = configs.prepare(options, by=person(request), at=timezone.now())
    except HouseError as error:
        if form.is_bound:
            form.refuse(error.field, error.message)
        return None, error.message
    return new_run.preview(prepared, source=source.run if source else None), ""


# -- presets ----------------------------------------------------------------------------------


@requires("run.start")
@require_GET
def run_presets_list(request: HttpRequest) -> HttpResponse:
    context = {"presets": run_presets.listed(person(request))}
    return render(request, "showcase/run_presets.html", context)


@requires("run.start")
@require_POST
def run_preset_save(request: HttpRequest) -> HttpResponse:
    """Save the fields of the form of a new run, without starting one."""
    source = _replayed(request)
    form = _form(request, source)
    if form.is_valid():
        name, by = form.cleaned_data["preset_name"], person(request)
        try:
            saved = run_presets.save(name, form.options(), by=by, at=timezone.now())
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            messages.info(request, _("Saved as '%(name)s'.") % {"name": saved.name})
            return redirect(reverse("showcase:run-new", query={"preset": saved.name}))
    return _new_page(request, form, source, status=422)


@requires("run.start")
@require_POST
def run_preset_delete(request: HttpRequest, name: str) -> HttpResponse:
    run_presets.delete(name, by=person(request))
    messages.info(request, _("The preset '%(name)s' is gone.") % {"name": name})
    return redirect("showcase:run-presets")
