"""Plans as the API, commands and files write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.lib import cursors
from forecastlab.planning.models import Plan
from forecastlab.planning.queries import plan_list
from forecastlab.planning.queries.plan_list import Wanted


def listed(
    viewer: User, asked: Wanted, *, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the plans that the viewer may see, newest first, without snapshots."""
    visible = Plan.objects.shown().visible_to(viewer).for_lists()
    found = plan_list.filtered(visible, asked)
    rows, following = cursors.page(found, by="-id", limit=limit, cursor=cursor)
    return [summary(one) for one in rows], following


def summary(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.pk,
        "scenario_id": plan.scenario_id,
        "name": plan.name,
        "dataset": plan.version.ref,
        "forecast": plan.issue_id,
        "status": plan.status,
        "tags": plan.tags,
        "units_delta": plan.units,
        "revenue_delta": plan.revenue,
        "margin_delta": plan.margin,
        "cloned_from": plan.cloned_from_id,
        "source": "user" if plan_list.is_person(plan) else "agent",
        "created_by": str(plan.created_by) if plan.created_by else None,
        "created_at": plan.created_at,
        "job": plan.job_id if plan.is_active else None,
    }


def read(plan: Plan) -> dict[str, Any]:
    """Return a plan with its snapshot, which is null as long as it is not computed."""
    return {
        **summary(plan),
        "notes": plan.notes,
        "assumptions": plan.assumptions,
        "problem": plan.problem,
        "computed_at": plan.computed_at,
        "result": plan.result or None,
        "result_hash": plan.result_hash or None,
    }


def compared(ranked: Sequence[tuple[int, Plan]], by: str) -> dict[str, Any]:
    """Return plans by rank, in the words of older texts."""
    rows = [{"rank": rank, **_ranked(plan)} for rank, plan in ranked]
    best = rows[0]
    return {
        "ranked_by": f"{by}_delta",
        "winner_scenario_id": best["scenario_id"],
        "winner_name": best["name"],
        "ranked": rows,
    }


def _ranked(plan: Plan) -> Mapping[str, Any]:
    told = summary(plan)
    kept = ("id", "scenario_id", "name", "units_delta", "revenue_delta", "margin_delta")
    return {key: told[key] for key in kept}
