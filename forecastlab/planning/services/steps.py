"""The pipeline's two rows of planning: one plan saved, and two compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.events.services import log
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.lib import figures
from forecastlab.lib.contributions import Done, NewEvent, Skipped, StepContext
from forecastlab.planning.models import Plan
from forecastlab.planning.models.plans import RUN_KEYS
from forecastlab.planning.queries import plan_words
from forecastlab.planning.services import computing, plans
from forecastlab.planning.services.moving import NothingLearnt
from forecastlab.planning.services.plans import Draft

SIMULATE, COMPARE = "scenario_simulate_and_save", "multi_plan_compare"
CUT, HOLIDAY = "showcase-price-cut-10pct", "showcase-holiday-uplift"
A_TENTH_OFF, FIRST_STEPS = -0.1, 14
# The day of the holiday, and what older texts assume of one where sales tell of none.
HOLIDAY_STEP, USUAL_UPLIFT = 7, 0.3
RANKED_BY = "revenue"


def simulate(context: StepContext) -> Done | Skipped:
    """Save what a tenth off every price from the day after the origin on would do."""
    issue = _issue(context)
    last = min(FIRST_STEPS, issue.horizon)
    given = [{"kind": "price", "change_pct": A_TENTH_OFF, "start": 1, "end": last}]
    try:
        plan = _made(context, issue, (CUT, "price"), given)
    except NothingLearnt as missing:
        return Skipped(missing.message)
    methods = [one["method"] for one in plan.result["methods"]]
    told = {
        **_told(plan),
        "method": methods[0] if len(methods) == 1 else "mixed",
        "methods": plan.result["methods"],
        "elasticity": plan.result["effects"][0],
        "winner_run_id": issue.model_run_id,
        "artifact_key": issue.model_run.artefact[:12],
        "tags": plan.tags,
        "arrow": _arrow(plan.result),
    }
    said = {
        "units": figures.signed_percent(plan.result["units"]["share"]),
        "revenue": figures.signed_percent((plan.result["revenue"] or {}).get("share")),
    }
    return Done(_("A tenth off every price: units %(units)s, revenue %(revenue)s") % said, told)


def compare(context: StepContext) -> Done | Skipped:
    """Save a second plan, of a holiday, and rank both by revenue."""
    found = context.results.get(SIMULATE) or {}
    first = Plan.objects.filter(pk=found.get("plan") or 0).first()
    if first is None:
        return Skipped(_("There is no plan to compare with: the one before was not saved."))
    issue = _issue(context)
    step = min(HOLIDAY_STEP, issue.horizon)
    second = _holiday(context, issue, step)
    ranked = plans.ranked([first, second], RANKED_BY)
    rows = [
        {
            "scenario_id": one.scenario_id,
            "name": one.name,
            "units_delta": one.units,
            "revenue_delta": one.revenue,
            "rank": rank,
        }
        for rank, one in ranked
    ]
    best = ranked[0][1]
    data = {
        **_told(second),
        "winner_scenario_id": best.scenario_id,
        "winner_name": best.name,
        "ranked_by": f"{RANKED_BY}_delta",
        "ranked": rows,
        "plans": [one.pk for _rank, one in ranked],
        "bars": plan_words.ranked(rows, "revenue_delta"),
        "ranking": [{key: one[key] for key in one if key != "scenario_id"} for one in rows],
    }
    said = {"name": best.name, "revenue": figures.signed(best.revenue)}
    return Done(_("%(name)s leads: revenue %(revenue)s") % said, data)


def _holiday(context: StepContext, issue: ForecastIssue, step: int) -> Plan:
    """Save the plan of a holiday: as sales tell of earlier ones, else as older texts assume."""
    given: dict[str, Any] = {"kind": "holiday", "dates": [step]}
    try:
        return _made(context, issue, (HOLIDAY, "holiday"), [given])
    except NothingLearnt:
        return _made(context, issue, (HOLIDAY, "holiday"), [{**given, "uplift": USUAL_UPLIFT}])


def _issue(context: StepContext) -> ForecastIssue:
    rows = ForecastIssue.objects.select_related("version__dataset", "backtest", "model_run")
    found: ForecastIssue = rows.get(pk=context.results["register"]["issue"])
    return found


def _made(
    context: StepContext,
    issue: ForecastIssue,
    named: tuple[str, str],
    given: Sequence[Mapping[str, Any]],
) -> Plan:
    """Return the plan of this row; once it is made, a repetition finds it."""
    key = f"{RUN_KEYS}{context.job_id}.{context.step}"
    there: Plan | None = Plan.objects.filter(key=key).first()
    if there is not None:
        return there
    name, kind = named
    draft = Draft(name, given, tags=["showcase", kind, "source:showcase"], key=key)
    computed = computing.compute(issue, given, context.report)
    plan = plans.drafted(issue, draft, by_id=context.actor_id, at=context.now)
    plans.fill(plan, computed, plans.stored(computed.table), at=context.now)
    with context.fenced():
        plan.save(force_insert=True)
        told = [NewEvent(plan.stream, "plan.saved", {"plan": plan.pk, "name": plan.name})]
        log.append(told, actor_id=context.actor_id, at=context.now)
    return plan


def _arrow(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the units without and with the plan, as the row draws them."""
    units = result["units"]
    low, high = figures.signed(units["low80"]), figures.signed(units["high80"])
    note = _("8 in 10: %(low)s to %(high)s") % {"low": low, "high": high}
    return {
        "before": {"text": figures.number(units["without"]), "note": ""},
        "after": {"text": figures.number(units["planned"]), "note": ""},
        "note": note,
    }


def _told(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan.pk,
        "scenario_id": plan.scenario_id,
        "name": plan.name,
        "units_delta": plan.units,
        "revenue_delta": plan.revenue,
        "margin_delta": plan.margin,
        "origin": plan.result["origin"],
        "horizon": plan.result["horizon"],
        "units": plan.result["units"],
        "revenue": plan.result["revenue"],
        "result_hash": plan.result_hash,
    }
