"""Sessions of agents: their list, a new one, and the page of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.domain.skills import SKILLS
from agents.forms.approvals import AnswerForm
from agents.forms.sessions import SessionForm
from agents.gateways import chat_models
from agents.models import Approval, Session
from agents.queries import approval_page, session_form, session_list, session_page
from agents.services import decisions, invocations, sessions
from forecastlab.accounts.services.access import may, person, requires
from forecastlab.events.queries import head
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region

NOTHING_NEW = 204


@requires("agent.view")
@require_GET
def sessions_list(request: HttpRequest) -> HttpResponse:
    seq = head(session_list.LIST_STREAM)
    found = session_list.of(session_list.wanted(request.GET.dict()), viewer=person(request))
    context = {"list": found, "seq": seq, "stream": session_list.LIST_STREAM, **_model()}
    return render_region(request, "agents/sessions.html", context, region="table")


@requires("agent.view")
@require_GET
def session(request: HttpRequest, pk: int) -> HttpResponse:
    # Before the rows: an event that commits in between is shown twice, not lost.
    seq = head(f"session.{pk}")
    found = sessions.find(pk, viewer=person(request))
    page = session_page.find(found.pk)
    context = {"page": page, "seq": seq, **_rights(request, found), **_asked(request, found)}
    return render(request, "agents/session.html", context)


@requires("agent.view")
@require_GET
def session_actions(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    return render(request, "agents/_session_actions.html", _rights(request, found))


@requires("agent.view")
@require_GET
def session_asks(request: HttpRequest, pk: int) -> HttpResponse:
    """Give what the session asks of people, unless that is what the viewer has already."""
    found = sessions.find(pk, viewer=person(request))
    context = _asked(request, found)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "agents/_session_asks.html", context)


def _rights(request: HttpRequest, found: Session) -> dict[str, Any]:
    user = person(request)
    return {
        "session": found,
        "can_stop": may(user, "agent.stop"),
        "can_start": may(user, "agent.start"),
    }


def _asked(request: HttpRequest, found: Session) -> dict[str, Any]:
    """Return the open approvals and the unknown calls, as this viewer may answer them."""
    viewer = person(request)
    numbers = Approval.objects.open().filter(invocation__session=found).order_by("pk")
    asked = [decisions.find(one, viewer=viewer) for one in numbers.values_list("pk", flat=True)]
    lost = session_page.unknown_calls(found)
    seen = ".".join([*[f"a{one.pk}v{one.version}" for one in asked], *[f"c{o.pk}" for o in lost]])
    return {
        "session": found,
        "gates": [
            {"card": approval_page.card(one, viewer), "form": AnswerForm.shown(one)}
            for one in asked
        ],
        "lost": lost,
        "may_settle": may(viewer, "outcome.settle"),
        "seen": seen,
    }


def _model() -> dict[str, Any]:
    name = chat_models.name()
    return {"is_planner": name == chat_models.PLANNER, "is_off": name == chat_models.NONE}


# -- starting and telling -------------------------------------------------------------------------


@requires("agent.start")
@require_http_methods(["GET", "POST"])
def session_new(request: HttpRequest) -> HttpResponse:
    by = person(request)
    offered = session_form.offered(by)
    given = request.POST if request.method == "POST" else None
    form = SessionForm(given, initial=request.GET.dict(), datasets=offered.datasets)
    if form.is_valid():
        try:
            made = sessions.start(**form.cleaned_data, by=by, trigger="page", at=timezone.now())
        except HouseError as error:
            form.refuse(error)
        else:
            return redirect(made)
    context = {
        "form": form,
        "skills": SKILLS.values(),
        "has_sales": bool(offered.datasets),
        "workspaces": offered.workspaces,
        **_model(),
    }
    return render(request, "agents/session_new.html", context, status=422 if given else 200)


@requires("agent.start")
@require_POST
def session_say(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    text = request.POST.get("message", "")
    return _done(
        request, found, lambda by, at: sessions.say(found, text, by=by, at=at), _("Told the agent.")
    )


@requires("agent.stop")
@require_POST
def session_stop(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    return _done(request, found, lambda by, at: sessions.stop(found, by=by, at=at), _("Stopped."))


@requires("agent.start")
@require_POST
def session_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    return _done(request, found, lambda by, at: sessions.retry(found, by=by, at=at), _("Goes on."))


@requires("agent.start")
@require_POST
def session_retract(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    said = _("Worked on as a request of its own.")
    return _done(request, found, lambda by, at: sessions.retract(found, by=by, at=at), said)


@requires("agent.start")
@require_POST
def session_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = sessions.find(pk, viewer=person(request))
    try:
        sessions.delete(found, by=person(request), at=timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
        return redirect(found)
    messages.info(request, _("%s is out of the lists.") % found.ref)
    return redirect("agents:sessions")


@requires("outcome.settle")
@require_POST
def call_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Take what a person says of a call of which nobody knows what became."""
    one = invocations.find(pk, viewer=person(request))
    verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
    return _done(
        request,
        one.session,
        lambda by, at: invocations.settle(one, verdict, by=by, at=at, reason=reason),
        _("Noted. The session goes on."),
    )


def _done(request: HttpRequest, found: Session, act: Any, said: str) -> HttpResponse:
    """Do something with a session, and show its page with what came of it."""
    try:
        act(person(request), timezone.now())
    except HouseError as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, said)
    return redirect(found)
