"""What would come of taking an override back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from forecastlab.forecasting.models import Forecast
from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures
from forecastlab.planning.models import Override, OverrideCell
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.queries.override_log import Row


def left_of(act: Override, horizon: Horizon) -> QuerySet[OverrideCell]:
    """Return the numbers of an act that still stand, are forecast and not sold yet."""
    ahead = list(horizon.labels[horizon.first_open :])
    forecast = Forecast.objects.filter(issue=horizon.issue).values("series")
    rows = OverrideCell.objects.filter(override=act, period__in=ahead, series__in=forecast)
    return rows.exclude(units=None).order_by("period", "series")


@dataclass(frozen=True)
class Withdrawal:
    """The page that asks for a reason."""

    act: Override
    horizon: Horizon

    @property
    def row(self) -> Row:
        return Row(self.act)

    @cached_property
    def left(self) -> Sequence[OverrideCell]:
        return list(left_of(self.act, self.horizon))

    @property
    def facts(self) -> Sequence[Mapping[str, str]]:
        row, now, model = self.row, 0.0, 0.0
        for one in self.left:
            now, model = now + (one.units or 0.0), model + one.model
        of = figures.of_total(len(self.left), self.act.numbers)
        return [
            {"label": _("Override"), "value": f"{self.act.pk}: {row.scope}, {row.span}"},
            {"label": _("Asked for"), "value": row.asked},
            {"label": _("By"), "value": f"{self.act.made_by}, {row.reason}"},
            {"label": _("Numbers that go back"), "value": of},
            {"label": _("Now"), "value": _("%s units") % labels.quantity(now)},
            {"label": _("Model, when overridden"), "value": _("%s units") % labels.quantity(model)},
        ]
