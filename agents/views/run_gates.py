"""What the agent of a run asks for, on the page of the run."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from agents.forms.approvals import AnswerForm
from agents.queries import approval_page, run_sessions
from agents.services import closing, decisions
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.htmx import wants_fragment
from showcase.services import runs

NOTHING_NEW = 204


@requires("approval.view")
@require_GET
def run_gate(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Give the card of what is asked, with its answers; without scripts, the page of it.

    Nothing is given to whoever has it already: what somebody types there stays.
    """
    viewer = person(request)
    run = runs.find(pk, viewer=viewer)
    asked = run_sessions.asked(run, step, viewer=viewer)
    if not wants_fragment(request):
        return redirect(asked or run_sessions.of_step(run, step) or run)
    context: dict[str, Any] = {"gate": request.path, "run": run.pk, "step": step, "seen": ""}
    if asked is not None:
        found = decisions.find(asked.pk, viewer=viewer)
        card = approval_page.card(found, viewer)
        context |= {"card": card, "form": AnswerForm.shown(found), "stream": closing.STREAM}
        context |= {"seen": card.seen, "next": f"{run.get_absolute_url()}#step-{step}"}
    if context["seen"] and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "agents/_run_gate.html", context)
