"""What-if plans: listed, saved, compared, cloned, deleted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.cursors import Page
from forecastlab.planning.api.overrides import Asked, ScopeIn
from forecastlab.planning.queries import new_plan, plan_list, representations
from forecastlab.planning.services import plans

router = Router(tags=["plans"])


class PlanFilters(Page):
    dataset: str = ""
    tag: str = ""
    search: str = ""


class AssumptionIn(Asked):
    """One assumption: price, promotion, holiday, inventory or lifecycle.

    `start` and `end` are labels of periods or steps from 1; prices and uplifts are shares, so that
    -0.1 is a tenth off.
    """

    kind: str
    scope: ScopeIn = ScopeIn(kind="all")
    start: str | int | None = None
    end: str | int | None = None
    change_pct: float | None = None
    promotion: str | None = None
    signal: str | None = None
    discount: float | None = None
    uplift: float | None = None
    dates: list[str | int] | None = None
    on_hand_units: float | None = None
    stage: str | None = None


class PlanIn(Asked):
    """Save a plan over the newest forecast of a dataset; `preview` only says what comes of it."""

    dataset: str
    assumptions: list[AssumptionIn]
    name: str = ""
    notes: str = ""
    tags: list[str] = []
    preview: bool = False


class PlanChangeIn(Asked):
    """Name, notes and tags; what is left out stays."""

    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None


class CloneIn(Asked):
    name: str = ""


class CompareIn(Asked):
    """2 to 5 plans, by number or scenario id; `by` is revenue, units or margin."""

    plans: list[int | str]
    by: str = "revenue"


@router.get("/plans", response=dict[str, Any], url_name="plan-list", summary="Plans, newest first")
@requires("plan.view")
def plan_listing(request: HttpRequest, asked: Query[PlanFilters]) -> dict[str, Any]:
    wanted = plan_list.Wanted(asked.dataset, asked.tag, asked.search)
    items, following = representations.listed(
        person(request), wanted, limit=asked.limit, cursor=asked.cursor
    )
    return {"items": items, "next": following}


@router.post(
    "/plans",
    response={200: dict[str, Any], 201: dict[str, Any], 202: dict[str, Any]},
    url_name="plan-save",
    summary="Save what would come of other prices, promotions or stock",
)
@requires("plan.make")
def plan_save(request: HttpRequest, asked: PlanIn) -> Status[dict[str, Any]]:
    by = person(request)
    issue = new_plan.find_issue(by, asked.dataset)
    given = [one.model_dump(exclude_none=True) for one in asked.assumptions]
    if asked.preview:
        return Status(200, plans.preview(issue, given).result)
    draft = plans.Draft(asked.name, given, asked.notes, asked.tags)
    plan = plans.save(issue, draft, by=by, at=timezone.now())
    return Status(202 if plan.is_active else 201, representations.read(plan))


@router.post(
    "/plans/compare",
    response=dict[str, Any],
    url_name="plan-compare",
    summary="Plans by what they bring",
)
@requires("plan.view")
def plan_compare(request: HttpRequest, asked: CompareIn) -> dict[str, Any]:
    some = asked.plans[: plans.MOST_COMPARED + 1]
    found = [plans.find(one, viewer=person(request)) for one in some]
    return representations.compared(plans.ranked(found, asked.by), asked.by)


@router.get(
    "/plans/{plan_id}",
    response=dict[str, Any],
    url_name="plan-read",
    summary="A plan with its snapshot, by number or scenario id",
)
@requires("plan.view")
def plan_read(request: HttpRequest, plan_id: str) -> dict[str, Any]:
    return representations.read(plans.find(plan_id, viewer=person(request)))


@router.patch(
    "/plans/{plan_id}",
    response=dict[str, Any],
    url_name="plan-read",
    summary="Change name, notes or tags of a plan",
)
@requires("plan.make")
def plan_change(request: HttpRequest, plan_id: str, asked: PlanChangeIn) -> dict[str, Any]:
    by = person(request)
    found = plans.find(plan_id, viewer=by)
    told = asked.model_dump(exclude_none=True)
    return representations.read(plans.change(found, told, by=by, at=timezone.now()))


@router.post(
    "/plans/{plan_id}/clone",
    response={201: dict[str, Any], 202: dict[str, Any]},
    url_name="plan-clone",
    summary="Compute the same assumptions over the newest forecast",
)
@requires("plan.make")
def plan_clone(request: HttpRequest, plan_id: str, asked: CloneIn) -> Status[dict[str, Any]]:
    by = person(request)
    plan = plans.clone(plans.find(plan_id, viewer=by), asked.name, by=by, at=timezone.now())
    return Status(202 if plan.is_active else 201, representations.read(plan))


@router.delete(
    "/plans/{plan_id}",
    response={204: None},
    url_name="plan-read",
    summary="Delete a plan",
)
@requires("plan.make")
def plan_delete(request: HttpRequest, plan_id: str) -> Status[None]:
    by = person(request)
    plans.delete(plans.find(plan_id, viewer=by), by=by, at=timezone.now())
    return Status(204, None)
