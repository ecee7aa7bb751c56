"""Changing what an approval asks about, into another one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agents.forms.changes import ChangeForm
from agents.models import Approval
from agents.queries import approval_page
from agents.services import changing, decisions
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError


@requires("approval.decide")
@require_http_methods(["GET", "POST"])
def approval_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what may be changed; what is sent is asked for instead."""
    by = person(request)
    found = decisions.find(pk, viewer=by)
    card = approval_page.card(found, by)
    if request.method == "GET" and not card.can_change:
        messages.error(request, card.rejection_refused or _("It is not open any more."))
        return redirect(found)
    tool, values = changing.tool_of(found), changing.changeable(found)
    form = ChangeForm(found, tool, values, request.POST or None)
    if form.is_valid():
        answer = _change(request, found, form)
        if answer is not None:
            return answer
    masked = [one.replace("_", " ") for one in found.invocation.arguments if one not in values]
    context = {"form": form, "card": card, "masked": masked}
    return render(request, "agents/approval_change.html", context, status=_status(request, form))


def _change(request: HttpRequest, found: Approval, form: ChangeForm) -> HttpResponse | None:
    """Return the way to what is asked instead, or None with the reason in the form."""
    seen = {name: form.cleaned_data[name] for name in ("version", "digest", "reason")}
    by, at = person(request), timezone.now()
    try:
        asked = changing.change(found.pk, form.arguments(), **seen, by=by, at=at)
    except HouseError as error:
        form.refuse(error)
        form.refused = error.status
        return None
    told = _("Asked anew with your values: somebody else must approve.")
    messages.success(request, told if asked.is_open else _("Policy refused it with these values."))
    return redirect(asked)


def _status(request: HttpRequest, form: ChangeForm) -> int:
    if request.method == "GET":
        return 200
    return form.refused or 422
