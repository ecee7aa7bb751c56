"""Orders to agents, and how much of their budgets is left."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agents.forms.controls import OrderForm
from agents.queries import control_list, spending
from agents.services import controls, orders
from forecastlab.accounts.services.access import check, may, person, requires
from forecastlab.events.queries import head
from forecastlab.lib.errors import HouseError
from forecastlab.lib.htmx import render_region


@requires("approval.view")
@require_http_methods(["GET", "POST"])
def control_page(request: HttpRequest) -> HttpResponse:
    """Show the orders that stand and what is left of budgets; whoever may, gives an order."""
    by, status, seq = person(request), 200, head(controls.STREAM)
    form = OrderForm(request.POST or None, scopes=control_list.scopes(by))
    if request.method == "POST":
        check(by, "control.set")
        status = 422
        if form.is_valid():
            try:
                about = controls.scope(form.cleaned_data["scope"], by=by)
                orders.give(about=about, by=by, at=timezone.now(), **form.told())
            except HouseError as error:
                form.refuse(error)
                status = error.status
            else:
                messages.success(request, _("The order stands."))
                return redirect("agents:controls")
    context = {
        "page": control_list.page(by, now=timezone.now()),
        "budgets": spending.rows(timezone.now()),
        "form": form,
        "may_order": may(by, "control.set"),
        "stream": controls.STREAM,
        "seq": seq,
    }
    return render_region(request, "agents/controls.html", context, region="orders", status=status)
