"""Kept runs: their list and pages, what is said of them, and their deletion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecastlab.accounts.services.access import check, person, requires
from forecastlab.events import queries as events
from forecastlab.lib.errors import BadInput, HouseError
from forecastlab.lib.htmx import render_region
from showcase.forms.workspaces import KeepForm, WorkspaceForm, initial_of
from showcase.models import Workspace
from showcase.queries import workspace_list
from showcase.queries.workspace_page import WorkspacePage
from showcase.services import curation, runs, workspaces

# What a button of the bulk bar asks for beside the actions themselves.
COMPARE, DELETE, CONFIRMED = "compare", "delete", "-confirmed"
LOSSES_SHOWN = 20
OFFERED = 20
DONE = {
    "archive": gettext_lazy("%(n)s archived."),
    "delete": ngettext_lazy(
        "%(n)s deleted. Its run stays.", "%(n)s deleted. Their runs stay.", "n"
    ),
    "pin": gettext_lazy("%(n)s pinned."),
    "restore": gettext_lazy("%(n)s taken out of the archive."),
    "tag": gettext_lazy("%(n)s tagged."),
    "unpin": gettext_lazy("%(n)s unpinned."),
    "untag": gettext_lazy("Tag removed from %(n)s."),
}


@requires("workspace.view")
@require_GET
def workspaces_list(request: HttpRequest) -> HttpResponse:
    asked = workspace_list.wanted(request.GET)
    found = workspace_list.of(asked, viewer=person(request))
    context = {"list": found, "view_page": workspace_list.PAGE}
    return render_region(request, "showcase/workspaces.html", context, region="table")


@requires("workspace.view")
@require_GET
def workspace(request: HttpRequest, name: str) -> HttpResponse:
    kept = workspaces.find(name, viewer=person(request))
    if name in kept.former_names:
        return redirect(kept)
    # Before the rows: an event that commits in between is shown twice, not lost.
    seq = events.head(kept.run.stream)
    page = WorkspacePage(kept, viewer=person(request), now=timezone.now())
    return render(request, "showcase/workspace.html", {"page": page, "seq": seq})


@requires("workspace.edit")
@require_GET
def workspace_tags(request: HttpRequest) -> HttpResponse:
    """Offer tags that begin as the last one does that was typed, each after those before it."""
    before, _comma, start = request.GET.get("tags", "").rpartition(",")
    found = workspace_list.tags_like(start.strip(), viewer=person(request), limit=OFFERED)
    return render(request, "showcase/_workspace_tags.html", {"known": _after(before, found)})


def _known(request: HttpRequest, *, before: str = "") -> list[str]:
    return _after(before, workspace_list.tags(person(request)))


def _after(before: str, tags: Iterable[str]) -> list[str]:
    """Return what a field of tags would hold with one of `tags` more."""
    there = {one.strip() for one in before.split(",")}
    return [f"{before}, {one}" if before else one for one in tags if one not in there]


# -- keep and edit ------------------------------------------------------------------------------


@requires("workspace.keep")
@require_http_methods(["GET", "POST"])
def run_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a run, whether it waits, works or has ended."""
    by, at = person(request), timezone.now()
    run = runs.find(pk, viewer=by)
    if run.kept_as:
        return redirect("showcase:workspace", run.kept_as)
    form = KeepForm(request.POST or None)
    if form.is_valid():
        try:
            kept = curation.keep(run, form.said(), by=by, at=at)
        except HouseError as error:
            form.refuse(error.field, error.message)
        else:
            return redirect(kept)
    context = {"run": run, "form": form, "known": _known(request)}
    status = 422 if form.is_bound else 200
    return render(request, "showcase/run_keep.html", context, status=status)


@requires("workspace.edit")
@require_http_methods(["GET", "POST"])
def workspace_edit(request: HttpRequest, name: str) -> HttpResponse:
    kept = workspaces.find(name, viewer=person(request))
    if request.method == "GET":
        return _edit_page(request, kept, WorkspaceForm(initial=initial_of(kept)))
    form = WorkspaceForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, kept, form, status=422)
    version = form.cleaned_data["version"]
    try:
        edited = curation.edit(
            kept, form.said(), version=version, by=person(request), at=timezone.now()
        )
    except curation.EditedMeanwhile as stale:
        form.data = {**request.POST.dict(), "version": kept.version}
        return _edit_page(request, kept, form, status=stale.status, stale=True)
    except HouseError as error:
        form.refuse(error.field, error.message)
        return _edit_page(request, kept, form, status=422)
    return redirect(edited)


def _edit_page(
    request: HttpRequest,
    kept: Workspace,
    form: WorkspaceForm,
    *,
    status: int = 200,
    stale: bool = False,
) -> HttpResponse:
    known = _known(request, before=", ".join(kept.tags))
    context = {"workspace": kept, "form": form, "known": known, "stale": stale}
    return render(request, "showcase/workspace_edit.html", context, status=status)


# -- several at once, and deletion --------------------------------------------------------------


@requires("workspace.delete")
@require_GET
def workspace_delete(request: HttpRequest, name: str) -> HttpResponse:
    """Ask before it is deleted: the answer is an action on one ticked row."""
    kept = workspaces.find(name, viewer=person(request))
    return _delete_page(request, [kept.name], back=kept.get_absolute_url())


@requires("workspace.view")
@require_POST
def workspace_bulk(request: HttpRequest) -> HttpResponse:
    """Do one thing to the ticked rows, or to all that match, and tell of each that refused.

    Whoever reads may compare; every other action asks for its own verb.
    """
    action, query = request.POST.get("action", ""), request.POST.get("query", "")
    names = _ticked(request, query)
    if not names:
        messages.warning(request, _("Tick at least one workspace."))
        return redirect(_list_address(query))
    if action == COMPARE:
        return redirect(reverse("showcase:workspace-compare", query={"of": names}))
    if action == DELETE:
        check(request.user, "workspace.delete")
        return _delete_page(request, names, back=_list_address(query), query=query)
    return _done(request, names, action.removesuffix(CONFIRMED), query=query)


def _ticked(request: HttpRequest, query: str) -> list[str]:
    if not request.POST.get("all"):
        return request.POST.getlist("pick")
    asked = workspace_list.wanted(QueryDict(query))
    found = workspace_list.matching(asked, viewer=person(request)).order_by("name")
    return list(found.values_list("name", flat=True)[: curation.MOST_AT_ONCE + 1])


def _done(request: HttpRequest, names: Sequence[str], action: str, *, query: str) -> HttpResponse:
    tags = [one for one in request.POST.get("tag", "").split(",") if one.strip()]
    try:
        results = curation.bulk(names, action, tags=tags, by=person(request), at=timezone.now())
    except BadInput as refusal:
        messages.warning(request, refusal.message)
        return redirect(_list_address(query))
    done = sum(one.ok for one in results)
    if done == len(results):
        messages.info(request, DONE[action] % {"n": done})
        alone = names[0] if request.POST.get("back") == "page" else ""
        return redirect(
            reverse("showcase:workspace", args=[alone]) if alone else _list_address(query)
        )
    title = _("%(done)s of %(all)s done") % {"done": done, "all": len(results)}
    context = {"title": title, "results": results, "back": _list_address(query)}
    return render(request, "showcase/workspaces_done.html", context)


def _delete_page(
    request: HttpRequest, names: Sequence[str], *, back: str, query: str = ""
) -> HttpResponse:
    """Say what goes and what stays, of the first so many in detail."""
    visible = Workspace.objects.visible_to(person(request)).select_related("run")
    found = list(visible.filter(name__in=names).order_by("name")[: curation.MOST_AT_ONCE])
    context: dict[str, Any] = {
        "names": [one.name for one in found],
        "losses": [curation.consequences(one) for one in found[:LOSSES_SHOWN]],
        "more": max(len(found) - LOSSES_SHOWN, 0),
        "query": query,
        "back": back,
    }
    return render(request, "showcase/workspace_delete.html", context)


def _list_address(query: str) -> str:
    """Return the list as it was asked for, in words of its own: nothing else is led to."""
    return f"{reverse('showcase:workspaces')}?{workspace_list.wanted(QueryDict(query)).query}"
