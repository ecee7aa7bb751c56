"""Pages of plans."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import may, person, requires
from forecastlab.events import queries as events
from forecastlab.lib import downloads, texts
from forecastlab.lib.errors import BadInput, HouseError
from forecastlab.lib.htmx import render_region, wants_fragment
from forecastlab.planning.forms.plans import PlanForm, PlanTextForm
from forecastlab.planning.models import Plan
from forecastlab.planning.queries import (
    new_plan,
    places,
    plan_list,
    plan_words,
    representations,
)
from forecastlab.planning.queries.plan_page import Comparison, PlanPage
from forecastlab.planning.services import plans
from forecastlab.planning.services.plans import Draft


@requires("plan.view")
@require_GET
def plan_listing(request: HttpRequest) -> HttpResponse:
    found = plan_list.listed(person(request), plan_list.wanted(request.GET.dict()))
    context = {"list": found, "tabs": places.tabs("plans", found.wanted.dataset)}
    return render(request, "planning/plans.html", context)


@requires("plan.view")
@require_GET
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a plan from its snapshot."""
    seq = events.head(f"plan.{pk}")
    page = PlanPage(plans.find(pk, viewer=person(request)))
    context = {"page": page, "seq": seq, "may_make": may(request.user, "plan.make")}
    return render_region(request, "planning/plan.html", context, region="outcome")


@requires("plan.view")
@require_GET
def plan_json(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a plan with its snapshot as a file."""
    found = plans.find(pk, viewer=person(request))
    disposition = {"Content-Disposition": f'attachment; filename="plan-{pk}.json"'}
    return JsonResponse(representations.read(found), headers=disposition)


@requires("plan.view")
@require_GET
def plan_download(request: HttpRequest, pk: int, suffix: str) -> HttpResponseBase:
    """Send what came of a plan by series and period."""
    found = plans.find(pk, viewer=person(request))
    name = f"{found.version.dataset.name}-plan-{pk}"
    return downloads.respond(request, [plans.figures(found)], name=name, suffix=suffix)


@requires("plan.view")
@require_GET
def plan_compare(request: HttpRequest) -> HttpResponse:
    """Show 2 to 5 plans by rank."""
    viewer, by = person(request), request.GET.get("by", "revenue")
    chosen = list(dict.fromkeys(request.GET.getlist("plan")))
    try:
        found = [plans.find(one, viewer=viewer) for one in chosen[: plans.MOST_COMPARED + 1]]
        page = Comparison(plans.ranked(found, by), by)
    except BadInput as refusal:
        messages.warning(request, refusal.message)
        return redirect("planning:plans")
    return render(request, "planning/plan_compare.html", {"page": page})


# -- making ------------------------------------------------------------------------------------


@requires("plan.make")
@require_http_methods(["GET", "POST"])
def plan_new(request: HttpRequest) -> HttpResponse:
    """Show the form, preview it as it is filled in, save the plan."""
    given = request.POST if request.method == "POST" else request.GET
    offered = new_plan.offered(person(request), given.get("dataset", ""))
    form, found = _form(given, offered), {}
    if form.is_bound and form.is_valid():
        _drop(form, given.get("drop", ""))
        saved = _saved(request, form, offered) if request.method == "POST" else None
        if saved is not None:
            return redirect(saved)
        found = _previewed(form, offered)
        if "add" in given:
            form = _again(form, offered)
    return _new_page(request, form, {"offered": offered, **found})


def _new_page(request: HttpRequest, form: PlanForm, found: dict[str, Any]) -> HttpResponse:
    kept = form.kept_now if form.is_bound else []
    context = {
        **found,
        "form": form,
        "kept": [plan_words.assumption(one) for one in kept],
        "kept_json": json.dumps(kept),
        "preview_error": next(iter(form.errors.values()))[0] if form.errors else "",
    }
    if wants_fragment(request) and request.method == "GET":
        return render(request, "planning/plan_new.html#preview", context)
    status = 422 if form.errors and request.method == "POST" else 200
    return render(request, "planning/plan_new.html", context, status=status)


def _form(given: Any, offered: new_plan.Offered) -> PlanForm:
    return PlanForm(
        given if "scope_kind" in given else None,
        initial={"dataset": given.get("dataset", "") or (offered.datasets or [""])[0]},
        datasets=offered.datasets,
        periods=offered.periods,
        signals=offered.signals,
    )


def _again(form: PlanForm, offered: new_plan.Offered) -> PlanForm:
    """Return the form with what was filled in added to what was kept, ready for more."""
    if not form.errors and not form.filled_in():
        form.add_error(None, _("Fill in what the plan assumes first."))
    if form.errors:
        return form
    stays = {name: form.data.get(name, "") for name in ("dataset", "name", "tags", "notes")}
    kept = json.dumps(form.assumptions())
    fresh = _form({**stays, "scope_kind": "all", "kept": kept}, offered)
    fresh.is_valid()
    return fresh


def _drop(form: PlanForm, number: str) -> None:
    """Take one of those that were added before out again."""
    kept, place = form.kept_now, texts.number(number)
    if place is not None and place < len(kept):
        del kept[place]


def _saved(request: HttpRequest, form: PlanForm, offered: new_plan.Offered) -> Plan | None:
    if offered.issue is None:
        form.add_error("dataset", _("There are no forecasts of it yet."))
        return None
    told = form.cleaned_data
    draft = Draft(told["name"], form.assumptions(), told["notes"], form.tags_given())
    try:
        return plans.save(offered.issue, draft, by=person(request), at=timezone.now())
    except HouseError as error:
        form.refuse(error.field, error.message)
        return None


def _previewed(form: PlanForm, offered: new_plan.Offered) -> dict[str, Any]:
    """Return what would come of it, or why nothing can be said."""
    if offered.issue is None or form.errors or not form.assumptions():
        return {}
    try:
        result = plans.preview(offered.issue, form.assumptions()).result
    except plans.TooLarge as error:
        return {"preview_note": error.message}
    except HouseError as error:
        form.refuse(error.field, error.message)
        return {}
    return {
        "result": result,
        "conclusion": plan_words.conclusion(result),
        "facts": plan_words.brief(result),
        "drawing": plan_words.lines(result),
        "sentence": plan_words.sentence(result),
        "columns": plan_words.columns(),
        "rows": plan_words.rows(result),
        "how": plan_words.how(result),
    }


# -- one that is there -------------------------------------------------------------------------


@requires("plan.make")
@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change name, tags and notes."""
    found = plans.find(pk, viewer=person(request))
    initial = {"name": found.name, "tags": ", ".join(found.tags), "notes": found.notes}
    form = PlanTextForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            plans.change(found, form.draft(), by=person(request), at=timezone.now())
        except HouseError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return redirect(found)
    status = 422 if form.is_bound else 200
    return render(request, "planning/plan_edit.html", {"form": form, "plan": found}, status=status)


@requires("plan.make")
@require_POST
def plan_clone(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute the same assumptions over the newest forecast."""
    found = plans.find(pk, viewer=person(request))
    try:
        made = plans.clone(found, "", by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
        return redirect(found)
    return redirect(made)


@requires("plan.make")
@require_POST
def plan_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute a plan again that failed."""
    found = plans.find(pk, viewer=person(request))
    try:
        plans.retry(found, by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    return redirect(found)


@requires("plan.make")
@require_POST
def plan_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = plans.find(pk, viewer=person(request))
    plans.delete(found, by=person(request), at=timezone.now())
    messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
    return redirect("planning:plans")
