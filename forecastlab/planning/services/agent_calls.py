"""What tools of agents ask of planning, within the dataset of their session."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.lib.contributions import Exposure, Signal
from forecastlab.lib.tools import becomes, mark
from forecastlab.planning.domain import assumptions
from forecastlab.planning.domain import overrides as rules
from forecastlab.planning.models import Plan
from forecastlab.planning.queries import (
    forecast_tables,
    horizons,
    new_plan,
    plan_words,
    publication_draft,
    standing,
)
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.queries.override_preview import Preview, PreviewPage
from forecastlab.planning.services import computing, overrides, plans
from forecastlab.planning.services.plans import NoSuchPlan
from forecastlab.warehouse.queries.tool_calls import Call


def plan(call: Call, number: int) -> Plan:
    """Return a plan of the session's dataset, and of no other; raises NoSuchPlan."""
    found = plans.find(number, viewer=call.by)
    if found.version.dataset_id != call.version.dataset_id:
        raise NoSuchPlan(
            _("'%(dataset)s' has no plan %(n)s.") % {"dataset": call.dataset, "n": number}
        )
    return found


def issue(call: Call) -> ForecastIssue:
    return new_plan.find_issue(call.by, call.dataset)


def outlook(call: Call, given: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Say in words what a plan assumes, and what would come of it where that is soon known."""
    found = issue(call)
    said = [(_("Assumes"), plan_words.assumption(one)) for one in given]
    if not plans.is_small(found):
        return [*said, (_("Comes to"), _("it is computed by a job"))]
    brief = plan_words.brief(_result(found, json.dumps(given)))
    return [*said, *[(str(one["label"]), str(one["value"])) for one in brief]]


def reach(call: Call, given: Sequence[Mapping[str, Any]]) -> Exposure:
    """Say how many series a plan moves, and by how much money where that is soon known."""
    found = issue(call)
    if not plans.is_small(found):
        scopes = {one.scope for one in assumptions.read(given, computing.labels_of(found))}
        moved = {pk for one in scopes for pk in forecast_tables.of_scope(found, one).series}
        return Exposure(len(moved), "series")
    result = _result(found, json.dumps(given))
    told = result["revenue"]
    value = None if told is None else abs(Decimal(str(told["delta"])))
    return Exposure(int(result["series"]), "series", value, "revenue")


@lru_cache(maxsize=4)
def _result(found: ForecastIssue, given: str) -> Mapping[str, Any]:
    """Return what would come of a plan; asked twice about the same, it is computed once."""
    result: Mapping[str, Any] = plans.preview(found, json.loads(given)).result
    return result


def override(call: Call, asked: overrides.Asked) -> tuple[Horizon, Preview]:
    """Return what an override would write, over which periods; raises BadInput."""
    horizon = horizons.find(call.by, call.dataset)
    return horizon, overrides.preview(horizon, asked)


def override_words(horizon: Horizon, found: Preview) -> list[tuple[str, str]]:
    """Say before and after in words."""
    page = PreviewPage(horizon, found)
    noted = [(_("Replaces"), page.replaced), (_("Frozen"), page.refused)]
    facts = [str(one["value"]) for one in page.facts]
    series, periods, model, then, change = facts
    return [
        (_("Series"), series),
        (_("Periods"), periods),
        (_("Forecast"), becomes(model, then)),
        (_("Change"), change),
        *[one for one in noted if one[1]],
    ]


def override_signals(horizon: Horizon, found: Preview) -> list[Signal]:
    """Tell where a freeze holds a part of it."""
    refused = PreviewPage(horizon, found).refused
    return [Signal("frozen", refused, -15)] if refused else []


def amount(way: str, given: float | None) -> Decimal | None:
    """Return the number that goes with a way, as the API reads it; raises BadInput."""
    return overrides.read_amount(rules.read_way(way), "" if given is None else repr(given))


def publication_words(call: Call) -> list[tuple[str, str]]:
    """Say what would be published."""
    draft = publication_draft.of(horizons.find(call.by, call.dataset))
    return [(one["label"], one["value"]) for one in draft.facts]


def publication_mark(call: Call) -> str:
    return standing.mark(horizons.find(call.by, call.dataset))


def override_mark(call: Call, asked: overrides.Asked) -> str:
    """Name what an override is laid over: the forecast, and the overrides of its scope."""
    horizon, found = override(call, asked)
    return mark(horizon.issue.pk, found.seen)
