"""What would be published now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures
from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.models import Publication
from forecastlab.planning.queries import forecast_tables, standing
from forecastlab.planning.queries.horizons import Horizon


@dataclass(frozen=True, slots=True)
class Draft:
    """Sums of the forecast with its overrides, beside the model's and the newest version's."""

    horizon: Horizon
    series: int
    overridden: int
    total: float
    model_total: float
    newest: Publication | None

    @property
    def facts(self) -> Sequence[Mapping[str, str]]:
        issue, before = self.horizon.issue, self.model_total
        share = (self.total - before) / before if before else None
        told = [
            {"label": _("Forecast"), "value": f"{issue.version.ref}, {labels.ahead(issue)}"},
            {"label": _("Series"), "value": figures.number(self.series)},
            {"label": _("Overridden"), "value": _("%s numbers") % figures.number(self.overridden)},
            {"label": _("Model"), "value": _("%s units") % labels.quantity(before)},
            {"label": _("To publish"), "value": _("%s units") % labels.quantity(self.total)},
            {"label": _("Change"), "value": figures.signed_percent(share)},
        ]
        if self.newest:
            said = {"number": self.newest.number, "units": labels.quantity(self.newest.total)}
            told.append(
                {"label": _("Newest"), "value": _("version %(number)s, %(units)s units") % said}
            )
        return told


def of(horizon: Horizon) -> Draft:
    table = forecast_tables.of_scope(horizon.issue, Scope("all"))
    model = table.model
    told = standing.numbers(horizon.dataset, horizon.labels)
    found, acts = standing.laid_over(model, table.series, horizon.labels, told)
    there = Publication.objects.filter(dataset=horizon.dataset)
    return Draft(
        horizon,
        len(table.series),
        int(np.count_nonzero(acts)),
        float(found.sum()),
        float(model.sum()),
        there.order_by("-number").first(),
    )
