"""What the agent of a run asks for, on the page of the run."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from agents.forms.approvals import AnswerForm
from agents.queries import approval_page, run_sessions
from agents.services import closing, decisions
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.htmx import wants_fragment
from showcase.services import runs


@requires("approval.view")
@require_GET
def run_gate(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Give the card of what is asked, with its answers; without scripts, the page of it."""
    viewer = person(request)
    run = runs.find(pk, viewer=viewer)
    asked = run_sessions.asked(run, step, viewer=viewer)
    if not wants_fragment(request):
        return redirect(asked or run_sessions.of_step(run, step) or run)
    if asked is None:
        return HttpResponse()
    found = decisions.find(asked.pk, viewer=viewer)
    context = {
        "card": approval_page.card(found, viewer),
        "form": AnswerForm.shown(found),
        "stream": closing.STREAM,
        "next": f"{run.get_absolute_url()}#step-{step}",
    }
    return render(request, "agents/_gate.html", context)
