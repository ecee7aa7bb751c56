from __future__ import annotations

from collections.abc import Iterable

from forecastlab.lib.contributions import ArtefactReferrer, Referrer
from forecastlab.planning.models import Plan
from forecastlab.planning.queries import override_holders, plan_holders


def _tables() -> Iterable[str]:
    return Plan.objects.exclude(table="").values_list("table", flat=True)


TABLES = ArtefactReferrer("figures of plans", _tables)
OVERRIDES = Referrer("overrides and published forecasts", override_holders.holders)
PLANS = Referrer("plans", plan_holders.holders)
