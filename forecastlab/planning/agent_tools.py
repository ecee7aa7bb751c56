from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.utils.translation import gettext as _
from pydantic import Field

from forecastlab.lib.contributions import Exposure, Signal, ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, key_of, mark, told
from forecastlab.planning.domain import overrides as rules
from forecastlab.planning.models import Override
from forecastlab.planning.queries import (
    horizons,
    override_json,
    plan_list,
    plan_words,
    representations,
    scopes,
)
from forecastlab.planning.services import (
    agent_calls,
    elasticities,
    estimating,
    overrides,
    plans,
    publications,
)
from forecastlab.warehouse.queries import tool_calls

SEE_PLANS, MAKE_PLANS = "plan.view", "plan.make"
SEE_OVERRIDES, MAKE_OVERRIDES = "override.view", "override.make"
SCOPE = "Which series: series, product, category, store, region or all."


class ScopeGiven(Arguments):
    kind: Literal["series", "product", "category", "store", "region", "all"] = Field(
        description=SCOPE
    )
    value: str = Field("", max_length=200, description="Its name; empty for all.")


class Assumption(Arguments):
    """Prices, discounts and uplifts are shares: -0.1 is a tenth off."""

    kind: Literal["price", "promotion", "holiday", "inventory", "lifecycle"] = Field(
        description="What is assumed."
    )
    scope: ScopeGiven = Field(
        ScopeGiven(kind="all", value=""), description="Which series it is about."
    )
    start: str | int | None = Field(None, description="First period: its label or step from 1.")
    end: str | int | None = Field(None, description="Last period: its label or step from 1.")
    change_pct: float | None = Field(None, ge=-0.9, le=5, description="Price: the change.")
    promotion: str | None = Field(None, max_length=40, description="Promotion: its kind.")
    signal: str | None = Field(None, max_length=100, description="Promotion: the signal it sets.")
    discount: float | None = Field(None, ge=0, le=0.95, description="Promotion: off the price.")
    uplift: float | None = Field(None, ge=-0.95, le=10, description="What it does to sales.")
    dates: list[str | int] | None = Field(None, max_length=100, description="Holiday: which days.")
    on_hand_units: float | None = Field(None, ge=0, le=1e9, description="Inventory: units there.")
    stage: str | None = Field(None, max_length=20, description="Lifecycle: the stage.")


class Assumed(Arguments):
    assumptions: list[Assumption] = Field(
        min_length=1, max_length=20, description="What is otherwise than now."
    )


class PlanSaved(Assumed):
    name: str = Field("", max_length=200, description="What the plan is called.")
    notes: str = Field("", max_length=4_000, description="Why, for people to read.")
    tags: list[str] = Field(default_factory=list, max_length=20, description="Words to find it by.")


class Plans(Arguments):
    search: str = Field("", max_length=100, description="A part of the name or the notes.")
    tag: str = Field("", max_length=100, description="A tag; empty for all.")
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class Compared(Arguments):
    plans: list[int] = Field(min_length=2, max_length=5, description="Numbers of plans.")
    by: Literal["revenue", "units", "margin"] = Field("revenue", description="What counts.")


class OnePlan(Arguments):
    plan: int = Field(ge=1, description="The number of the plan.")


class Overrides(Arguments):
    search: str = Field("", max_length=100, description="A part of the series' name.")
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class Elasticity(Arguments):
    series: str = Field(
        "", max_length=200, description="The name of a series; empty for categories."
    )


class Overridden(Arguments):
    scope: ScopeGiven = Field(description="Which series are overridden.")
    first: str = Field(min_length=1, max_length=16, description="The first period: its label.")
    last: str = Field(min_length=1, max_length=16, description="The last period: its label.")
    way: Literal["each", "total", "percent", "model"] = Field(
        description="Units in every period, units over the span, percent, or back to the model."
    )
    amount: float | None = Field(None, description="The units or the percent; none for model.")

    def asked(self, *, seen: int | None, key: str | None = None) -> overrides.Asked:
        return overrides.Asked(
            rules.read_scope(self.scope.kind, self.scope.value),
            self.first,
            self.last,
            rules.read_way(self.way),
            agent_calls.amount(self.way, self.amount),
            seen,
            key,
        )


class OverrideMade(Overridden):
    reason: Literal[
        "promotion", "event", "price", "supply", "assortment", "weather", "model", "other"
    ] = Field(description="Why planners would know better.")
    note: str = Field("", max_length=500, description="More about it, for people to read.")
    seen: int = Field(ge=0, description="The number `seen` of the preview of this override.")


class Published(Arguments):
    note: str = Field("", max_length=500, description="What is new, for people to read.")


# -- reading -----------------------------------------------------------------------------------


@agent_tool("list_plans", arguments=Plans, verb=SEE_PLANS, has_effect=False)
def list_plans(context: ToolContext, asked: Plans) -> ToolResult:
    """List the plans over the dataset, newest first, with what they bring."""
    call = tool_calls.of(context, SEE_PLANS)
    wanted = plan_list.Wanted(call.dataset, asked.tag, asked.search)
    items, following = representations.listed(call.by, wanted, limit=asked.limit, cursor="")
    return told({"items": items, "more": bool(following)}, f"{len(items)} plans")


@agent_tool("compare_plans", arguments=Compared, verb=SEE_PLANS, has_effect=False)
def compare_plans(context: ToolContext, asked: Compared) -> ToolResult:
    """Rank 2 to 5 plans of the dataset by what they bring."""
    call = tool_calls.of(context, SEE_PLANS)
    ranked = plans.ranked([agent_calls.plan(call, one) for one in asked.plans], asked.by)
    found = representations.compared(ranked, asked.by)
    return told(found, _("%s comes first") % found["winner_name"])


@agent_tool("preview_plan", arguments=Assumed, verb=SEE_PLANS, has_effect=False)
def preview_plan(context: ToolContext, asked: Assumed) -> ToolResult:
    """Work out what would come of other prices, promotions or stock. Saves nothing."""
    call = tool_calls.of(context, SEE_PLANS)
    given = _given(asked)
    result = plans.preview(agent_calls.issue(call), given, context.report).result
    return told(result, plan_words.conclusion(result))


@agent_tool("list_overrides", arguments=Overrides, verb=SEE_OVERRIDES, has_effect=False)
def list_overrides(context: ToolContext, asked: Overrides) -> ToolResult:
    """List the overrides that stand beside the newest forecast of the dataset."""
    call = tool_calls.of(context, SEE_OVERRIDES)
    horizon = horizons.find(call.by, call.dataset)
    items, following = override_json.cells(
        horizon, search=asked.search, limit=asked.limit, cursor=""
    )
    data = {**override_json.horizon(horizon), "items": items, "more": bool(following)}
    return told(data, f"{len(items)} overridden numbers")


@agent_tool("preview_override", arguments=Overridden, verb=SEE_OVERRIDES, has_effect=False)
def preview_override(context: ToolContext, asked: Overridden) -> ToolResult:
    """Say what an override would write, before it is asked for. Changes nothing."""
    call = tool_calls.of(context, SEE_OVERRIDES)
    horizon, found = agent_calls.override(call, asked.asked(seen=None))
    words = agent_calls.override_words(horizon, found)
    data = {"seen": found.seen, "series": len(found.table.series), "would": dict(words)}
    return told(data, "; ".join(f"{label}: {text}" for label, text in words))


@agent_tool("read_elasticity", arguments=Elasticity, verb=SEE_PLANS, has_effect=False)
def read_elasticity(context: ToolContext, asked: Elasticity) -> ToolResult:
    """Read what prices do to sales, by category or for one series, with intervals."""
    call = tool_calls.of(context, SEE_PLANS)
    if asked.series:
        found = elasticities.of_series(call.version, asked.series)
        return told(found, f"{asked.series}: {found['value']}")
    found = estimating.report(call.version)
    return told(found, f"{call.version.ref}: {found['elasticity']['value']}")


# -- doing -------------------------------------------------------------------------------------


def _given(asked: Assumed) -> list[dict[str, object]]:
    return [one.model_dump(exclude_none=True) for one in asked.assumptions]


def _plan_title(asked: PlanSaved) -> str:
    what = "; ".join(plan_words.assumption(one) for one in _given(asked))
    return _("Save a plan: %s") % what


def _plan_preview(context: ToolContext, asked: PlanSaved) -> Sequence[tuple[str, str]]:
    return agent_calls.outlook(tool_calls.of(context, SEE_PLANS), _given(asked))


def _plan_exposure(context: ToolContext, asked: PlanSaved) -> Exposure:
    return agent_calls.reach(tool_calls.of(context, SEE_PLANS), _given(asked))


def _plan_seen(context: ToolContext, _asked: PlanSaved) -> str:
    return mark(agent_calls.issue(tool_calls.of(context, SEE_PLANS)).pk)


@agent_tool(
    "save_plan",
    arguments=PlanSaved,
    verb=MAKE_PLANS,
    risk="medium",
    exposure=_plan_exposure,
    seen=_plan_seen,
    title=_plan_title,
    preview=_plan_preview,
)
def save_plan(context: ToolContext, asked: PlanSaved) -> ToolResult:
    """Save what would come of other prices, promotions or stock as a plan. It changes no number."""
    call = tool_calls.of(context, MAKE_PLANS)
    draft = plans.Draft(asked.name, _given(asked), asked.notes, asked.tags, key=key_of(context))
    plan = plans.save(
        agent_calls.issue(call), draft, by=call.by, at=context.now, report=context.report
    )
    found = {"plan": plan.pk, **representations.summary(plan)}
    return told(found, _("Plan %(n)s is saved: %(name)s") % {"n": plan.pk, "name": plan.name})


def _scope_words(asked: OverrideMade) -> str:
    scope = scopes.scope({"kind": asked.scope.kind, "value": asked.scope.value})
    return _("Override %(scope)s from %(first)s to %(last)s") % {
        "scope": scope,
        "first": asked.first,
        "last": asked.last,
    }


def _override_exposure(context: ToolContext, asked: OverrideMade) -> Exposure:
    call = tool_calls.of(context, SEE_OVERRIDES)
    _horizon, found = agent_calls.override(call, asked.asked(seen=None))
    return Exposure(len(found.table.series), "series")


def _override_signals(context: ToolContext, asked: OverrideMade) -> Sequence[Signal]:
    call = tool_calls.of(context, SEE_OVERRIDES)
    frozen = agent_calls.override_signals(*agent_calls.override(call, asked.asked(seen=None)))
    return [*frozen, *tool_calls.age(call, context)]


def _override_seen(context: ToolContext, asked: OverrideMade) -> str:
    return agent_calls.override_mark(tool_calls.of(context, SEE_OVERRIDES), asked.asked(seen=None))


def _override_preview(context: ToolContext, asked: OverrideMade) -> Sequence[tuple[str, str]]:
    call = tool_calls.of(context, SEE_OVERRIDES)
    return agent_calls.override_words(*agent_calls.override(call, asked.asked(seen=None)))


@agent_tool(
    "override_forecast",
    arguments=OverrideMade,
    verb=MAKE_OVERRIDES,
    risk="high",
    auto_threshold=95,
    inline_threshold=70,
    exposure=_override_exposure,
    seen=_override_seen,
    signals=_override_signals,
    title=_scope_words,
    preview=_override_preview,
    requires_reason_on="reject",
)
def override_forecast(context: ToolContext, asked: OverrideMade) -> ToolResult:
    """Put numbers beside the model's for a scope and a span of periods, all of it or nothing."""
    call = tool_calls.of(context, MAKE_OVERRIDES)
    wanted = asked.asked(seen=asked.seen, key=key_of(context))
    words = overrides.Words(asked.reason, asked.note, Override.Via.PROGRAM)
    horizon = horizons.find(call.by, call.dataset)
    made = overrides.make(horizon, wanted, words, by=call.by, at=context.now)
    said = {"n": made.numbers, "override": made.pk}
    return told(override_json.override(made), _("Override %(override)s: %(n)s numbers") % said)


def _publish_title(_asked: Published) -> str:
    return _("Publish the newest forecast with its overrides")


def _publish_exposure(context: ToolContext, _asked: Published) -> Exposure:
    return Exposure(agent_calls.issue(tool_calls.of(context, SEE_PLANS)).series_count, "series")


def _publish_signals(context: ToolContext, _asked: Published) -> Sequence[Signal]:
    return tool_calls.age(tool_calls.of(context, SEE_OVERRIDES), context)


def _publish_seen(context: ToolContext, _asked: Published) -> str:
    return agent_calls.publication_mark(tool_calls.of(context, SEE_OVERRIDES))


def _publish_preview(context: ToolContext, _asked: Published) -> Sequence[tuple[str, str]]:
    return agent_calls.publication_words(tool_calls.of(context, SEE_OVERRIDES))


@agent_tool(
    "publish_forecast",
    arguments=Published,
    verb=MAKE_OVERRIDES,
    risk="high",
    base_score=45,
    reversible=False,
    auto_threshold=95,
    inline_threshold=70,
    exposure=_publish_exposure,
    seen=_publish_seen,
    signals=_publish_signals,
    title=_publish_title,
    preview=_publish_preview,
    confirm_phrase=lambda context, _asked: tool_calls.of(context, SEE_OVERRIDES).dataset,
    requires_reason_on="reject",
)
def publish_forecast(context: ToolContext, asked: Published) -> ToolResult:
    """Publish the newest forecast with the overrides that stand, for replenishment to read."""
    call = tool_calls.of(context, MAKE_OVERRIDES)
    horizon = horizons.find(call.by, call.dataset)
    made = publications.publish(
        horizon,
        note=asked.note,
        by=call.by,
        at=context.now,
        key=key_of(context),
        seen=context.seen,
    )
    found = override_json.publication(made)
    return told(found, _("Version %s is published") % made.number)


def _delete_seen(context: ToolContext, asked: OnePlan) -> str:
    plan = agent_calls.plan(tool_calls.of(context, SEE_PLANS), asked.plan)
    return mark(plan.pk, plan.name, plan.notes, plan.status, plan.result_hash)


def _delete_preview(context: ToolContext, asked: OnePlan) -> Sequence[tuple[str, str]]:
    plan = agent_calls.plan(tool_calls.of(context, SEE_PLANS), asked.plan)
    return [(_("Plan"), plan.name), (_("Afterwards"), _("it is gone for good"))]


@agent_tool(
    "delete_plan",
    arguments=OnePlan,
    verb=MAKE_PLANS,
    risk="high",
    base_score=40,
    reversible=False,
    auto_threshold=90,
    exposure=lambda _context, _asked: Exposure(1, "plans"),
    seen=_delete_seen,
    title=lambda asked: _("Delete plan %s") % asked.plan,
    preview=_delete_preview,
    confirm_phrase=lambda context, asked: (
        agent_calls.plan(tool_calls.of(context, SEE_PLANS), asked.plan).name
    ),
    requires_reason_on="approve",
)
def delete_plan(context: ToolContext, asked: OnePlan) -> ToolResult:
    """Delete a plan for good."""
    call = tool_calls.of(context, MAKE_PLANS)
    plan = agent_calls.plan(call, asked.plan)
    plans.delete(plan, by=call.by, at=context.now)
    return told({"plan": asked.plan}, _("Plan %s is deleted") % asked.plan)
