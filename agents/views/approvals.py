"""The inbox of approvals, and the page on which one is decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap

from agents.forms.approvals import AnswerForm, AnswersForm
from agents.models import Approval
from agents.queries import approval_list, approval_page
from agents.services import bulk_decisions, closing, decisions
from forecastlab.accounts.services.access import person, requires
from forecastlab.events.queries import head
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region, wants_fragment

NOTHING_NEW = 204
# Where the answers to a bulk decision wait for the page that comes next.
TOLD = "approvals_told"


@requires("approval.view")
@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """List what waits; beside it, where there is room, the first of it."""
    context = _inbox(request)
    if not wants_fragment(request):
        context["told"] = approval_list.told(request.session.pop(TOLD, []))
    first = context["inbox"].first
    if first is not None:
        context["gate"] = _card(decisions.find(first.pk, viewer=person(request)), request)
    return render_region(request, "agents/approvals.html", context, region="list")


@requires("approval.view")
@require_GET
def approval(request: HttpRequest, pk: int) -> HttpResponse:
    found = decisions.find(pk, viewer=person(request))
    context = {**_inbox(request), "gate": _card(found, request), "chosen": found.pk}
    return render(request, "agents/approvals.html", context)


@requires("approval.view")
@require_GET
def approval_card(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the card again if it has changed since `version`: what somebody types there stays.

    That it is due is no change of it, and is sent alone.
    """
    found = decisions.find(pk, viewer=person(request))
    if request.GET.get("version") == str(found.version):
        if found.escalated_at is None:
            return HttpResponse(status=NOTHING_NEW)
        due = render(request, "agents/_gate_due.html", {"one": found, "alone": True})
        return reswap(due, "none")
    context = {**_card(found, request), "next": _local(request.GET.get("next", ""))}
    return render(request, "agents/_gate.html", context)


@requires("approval.decide")
@require_GET
def approvals_count(request: HttpRequest) -> HttpResponse:
    """Give the counts of the navigation again, whatever page it stands beside."""
    count = approval_list.waiting_count(person(request))
    waits = {"name": "approvals", "count": count, "stream": closing.STREAM, "url": request.path}
    return render(request, "agents/approvals_count.html", {"waits": waits})


@requires("approval.decide")
@require_POST
def approval_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the answer of the form; whoever sent it gets the page back, or where `next` says.

    A card that stands on another page is answered there, by htmx: with the card as it is now.
    """
    by = person(request)
    found = decisions.find(pk, viewer=by)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _again(request, found, form, status=422)
    try:
        decisions.decide(pk, by=by, at=timezone.now(), **form.cleaned_data)
    except HouseError as error:
        form.refuse(error)
        return _again(request, decisions.find(pk, viewer=by), form, status=error.status)
    words = {"approve": _("Approved."), "reject": _("Rejected: nothing was done.")}
    said = words[form.cleaned_data["verdict"]]
    if wants_fragment(request):
        return _answered(request, decisions.find(pk, viewer=by), said=said)
    messages.success(request, said)
    return redirect(_local(request.POST.get("next", "")) or found.get_absolute_url())


@requires("approval.decide")
@require_POST
def approvals_decide(request: HttpRequest) -> HttpResponse:
    """Give the ticked ones one answer; the list that comes next tells what became of each."""
    form = AnswersForm(request.POST)
    asked = approval_list.wanted(QueryDict(request.POST.get("query", "").removeprefix("?")))
    back = redirect(reverse("agents:approvals") + asked.query)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: the answer cannot be read."))
        return back
    try:
        told = bulk_decisions.decide(
            form.ticked(), **form.cleaned_data, by=person(request), at=timezone.now()
        )
    except HouseError as error:
        messages.error(request, error.message)
        return back
    request.session[TOLD] = [asdict(one) for one in [*told.refused, *told.decided]]
    return back


def _again(request: HttpRequest, found: Approval, form: AnswerForm, *, status: int) -> HttpResponse:
    """Show what is wrong with an answer, and what was typed."""
    if wants_fragment(request):
        return _answered(request, found, form, status=status)
    context = {**_inbox(request), "gate": _card(found, request, form), "chosen": found.pk}
    return render(request, "agents/approvals.html", context, status=status)


def _answered(
    request: HttpRequest,
    found: Approval,
    form: AnswerForm | None = None,
    *,
    said: str = "",
    status: int = 200,
) -> HttpResponse:
    """Give the card for the place where it was answered; its target lets htmx take an error."""
    wanted = _local(request.POST.get("next", ""))
    context = {**_card(found, request, form), "next": wanted, "said": said}
    answer = render(request, "agents/_gate_answered.html", context, status=status)
    answer.headers["HX-Retarget"] = f"#approval-{found.pk}"
    return answer


def _local(address: str) -> str:
    """Return an address of ours, nothing for any other."""
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""


def _inbox(request: HttpRequest) -> dict[str, Any]:
    asked = approval_list.wanted(request.GET)
    seq = head(closing.STREAM)
    inbox = approval_list.inbox(person(request), asked, now=timezone.now())
    return {"inbox": inbox, "stream": closing.STREAM, "seq": seq, "now": timezone.now()}


def _card(found: Approval, request: HttpRequest, form: AnswerForm | None = None) -> dict[str, Any]:
    """Return what `_gate.html` wants."""
    return {
        "card": approval_page.card(found, person(request)),
        "form": form or AnswerForm.shown(found),
        "stream": closing.STREAM,
    }
