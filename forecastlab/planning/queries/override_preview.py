"""What an override would do, before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.forecasting.queries import labels
from forecastlab.lib import figures
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.overrides import Floats
from forecastlab.planning.queries import horizons, standing
from forecastlab.planning.queries.forecast_tables import Table
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.queries.standing import Standing

SHOWN = 8


@dataclass(frozen=True)
class Preview:
    """What an override comes to, series x periods; `units` is None where it goes back."""

    table: Table
    periods: Sequence[str]
    model: Floats
    units: Floats | None
    before: Standing

    @property
    def seen(self) -> int:
        """Return a number that changes with any override of the scope."""
        return self.before.seen


@dataclass(frozen=True)
class PreviewPage:
    horizon: Horizon
    found: Preview

    @property
    def seen(self) -> int:
        return self.found.seen

    @property
    def _now(self) -> Floats:
        """Return the numbers that stand there now."""
        there, _acts = self.found.before.over(
            self.found.model, self.found.table.series, self.found.periods
        )
        return there

    @property
    def _then(self) -> Floats:
        return self.found.model if self.found.units is None else self.found.units

    @property
    def facts(self) -> Sequence[Mapping[str, str]]:
        model, then = float(self.found.model.sum()), float(self._then.sum())
        share = (then - model) / model if model else None
        return [
            {"label": _("Series"), "value": figures.number(len(self.found.table.series))},
            {"label": _("Periods"), "value": figures.number(len(self.found.periods))},
            {"label": _("Model"), "value": _("%s units") % labels.quantity(model)},
            {"label": _("Then"), "value": _("%s units") % labels.quantity(then)},
            {"label": _("Change"), "value": figures.signed_percent(share)},
        ]

    @property
    def rows(self) -> Sequence[Mapping[str, str]]:
        """Return the first series with their sums over the span."""
        sums = [one.sum(axis=1) for one in (self.found.model, self._now, self._then)]
        return [
            {
                "name": name,
                **{
                    key: labels.quantity(float(one[place]))
                    for key, one in zip(("model", "now", "then"), sums, strict=True)
                },
            }
            for place, name in enumerate(self.found.table.names[:SHOWN])
        ]

    @property
    def more(self) -> int:
        return max(len(self.found.table.names) - SHOWN, 0)

    @property
    def replaced(self) -> str:
        """Say which overrides would be written over, "" for none."""
        there = [one for one in self.found.before.cells.values() if one.units is not None]
        newest = self.found.before.newest
        if not there or newest is None:
            return ""
        said = ngettext(
            "%(n)s override stands there already: %(who)s.",
            "%(n)s overrides stand there already; last, %(who)s.",
            len(there),
        )
        return said % {"n": len(there), "who": standing.who(newest)}

    @property
    def refused(self) -> str:
        """Say how many of the buckets are frozen, "" for none."""
        numbers = [self.horizon.numbers[self.horizon.places[one]] for one in self.found.periods]
        held = overrides.frozen_by(
            horizons.freezes_in_force(self.horizon), self.found.table.codes, numbers
        )
        count = int(np.count_nonzero(held))
        said = ngettext("%(n)s number there is frozen.", "%(n)s numbers there are frozen.", count)
        return said % {"n": count} if count else ""
