"""The overrides of one series, as its chart draws them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from forecastlab.lib.contributions import Dot
from forecastlab.planning.models import OverrideCell
from forecastlab.planning.queries import scopes


def title() -> str:
    return _("Override")


def find(series: int, periods: Sequence[str]) -> list[Dot]:
    """Return the overrides that stand on these periods, with who made them and why."""
    found = OverrideCell.objects.filter(series=series, period__in=list(periods))
    rows = found.exclude(units=None).select_related("override__made_by").order_by("period")
    return [
        Dot(one.period, one.units, f"{one.override.made_by}, {scopes.reason(one.override.reason)}")
        for one in rows
    ]
