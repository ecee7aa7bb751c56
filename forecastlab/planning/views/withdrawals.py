"""The page that takes an override back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import figures
from forecastlab.lib.errors import HouseError
from forecastlab.planning.forms.overrides import WhyForm
from forecastlab.planning.models import Override
from forecastlab.planning.queries import horizons
from forecastlab.planning.queries.withdrawal import Withdrawal
from forecastlab.planning.services import withdrawing


@requires("override.make")
@require_http_methods(["GET", "POST"])
def override_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what would go back to the model, ask why, and take it back."""
    by = person(request)
    act = withdrawing.find(pk, viewer=by)
    form, status = WhyForm(request.POST or None), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            words = form.words(Override.Via.FORM)
            try:
                made = withdrawing.withdraw(act, words, by=by, at=timezone.now())
            except HouseError as error:
                form.refuse(error)
                status = error.status
            else:
                said = ngettext(
                    "%(n)s number is the model's again.",
                    "%(n)s numbers are the model's again.",
                    made.numbers,
                )
                messages.success(request, said % {"n": figures.number(made.numbers)})
                return redirect(
                    reverse("planning:override-history", query={"dataset": act.dataset.name})
                )
    page = Withdrawal(act, horizons.find(by, act.dataset.name))
    context = {"page": page, "form": form, "dataset": act.dataset.name}
    return render(request, "planning/override_withdraw.html", context, status=status)
