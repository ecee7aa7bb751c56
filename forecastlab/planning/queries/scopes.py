"""How scopes, spans, ways and reasons are written for readers."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures
from forecastlab.planning.domain.overrides import Reason, Way
from forecastlab.planning.models import Override
from forecastlab.planning.queries.horizons import fits, number_of
from forecastlab.warehouse.domain.periods import Calendar

REASONS = {
    Reason.PROMOTION: gettext_lazy("Promotion"),
    Reason.EVENT: gettext_lazy("Event or holiday"),
    Reason.PRICE: gettext_lazy("Price"),
    Reason.SUPPLY: gettext_lazy("Supply or stock"),
    Reason.ASSORTMENT: gettext_lazy("Assortment"),
    Reason.WEATHER: gettext_lazy("Weather"),
    Reason.MODEL: gettext_lazy("The model is off"),
    Reason.OTHER: gettext_lazy("Something else"),
}
WAYS = {
    Way.EACH: gettext_lazy("Units in every period"),
    Way.TOTAL: gettext_lazy("Units over the whole span"),
    Way.PERCENT: gettext_lazy("Percent more or less"),
    Way.MODEL: gettext_lazy("Back to the model"),
}
KINDS = {
    "series": gettext_lazy("One series"),
    "product": gettext_lazy("A product in all stores"),
    "category": gettext_lazy("A category"),
    "store": gettext_lazy("A store"),
    "region": gettext_lazy("A region"),
    "all": gettext_lazy("All series"),
}


def scope(told: Mapping[str, str]) -> str:
    """Write a scope: "Store S0", "S0:P1", "All series", "Single numbers"."""
    kind, value = told["kind"], told["value"]
    words = {
        "series": "%s",
        "product": _("Product %s"),
        "category": _("Category %s"),
        "store": _("Store %s"),
        "region": _("Region %s"),
    }
    if kind in words:
        return words[kind] % value
    if kind == "withdrawal":
        return _("Override %s, withdrawn") % value
    return _("All series") if kind == "all" else _("Single numbers")


def span(calendar: Calendar, first: str, last: str) -> str:
    """Write a span: "Mon 2 Feb" or "Mon 2 Feb – Sun 8 Feb"; as labels where they do not fit."""
    ends = [first, last]
    if fits(calendar, first):
        ends = [labels.period(calendar, number_of(calendar, one)) for one in ends]
    return ends[0] if first == last else " – ".join(ends)


def asked(act: Override) -> str:
    """Say what an override asked for: "12 units each", "+10 %", "back to the model"."""
    if act.way == Way.MODEL:
        return _("back to the model")
    if act.amount is None:
        return _("number by number")
    if act.way == Way.PERCENT:
        return figures.signed_percent(act.amount / 100)
    units = labels.quantity(act.amount)
    return _("%s units each period") % units if act.way == Way.EACH else _("%s units") % units


def reason(name: str) -> str:
    return str(REASONS[Reason(name)])
