"""Approvals and orders over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from agents.queries import approval_json, approval_list, control_list
from agents.services import controls, decisions, orders
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.cursors import Page

router = Router(tags=["approvals"])


class ApprovalPage(Page):
    """`status` is that of approvals, open if left out, or `all`."""

    status: str = ""
    lane: str = ""
    risk: str = ""
    tool: str = ""
    dataset: str = ""
    session: str = ""


class Answer(Schema):
    """What somebody says to an approval as it was seen, by `version` and `digest`."""

    verdict: str
    version: int = Field(ge=1)
    digest: str = Field(max_length=64)
    reason: str = Field("", max_length=2000)
    phrase: str = Field("", max_length=300)


class OrderIn(Schema):
    """An order; `scope` is lab, dataset:NAME, actor:USER or ticket:REF."""

    order: str
    scope: str = "lab"
    reason: str = Field("", max_length=500)
    expires_at: datetime | None = None


@router.get(
    "/approvals",
    response=dict[str, Any],
    url_name="approval-list",
    summary="Approvals, newest first",
)
@requires("approval.view")
def approval_listing(request: HttpRequest, asked: Query[ApprovalPage]) -> dict[str, Any]:
    given = asked.dict(exclude={"limit", "cursor"})
    found, following = approval_list.listed(
        person(request),
        filters={name: value for name, value in given.items() if value},
        limit=asked.limit,
        cursor=asked.cursor,
    )
    return {"items": [approval_json.summary(one) for one in found], "next": following}


@router.get(
    "/approvals/{pk}",
    response=dict[str, Any],
    url_name="approval-read",
    summary="An approval with all that a decision rests on",
)
@requires("approval.view")
def approval_read(request: HttpRequest, pk: int) -> dict[str, Any]:
    by = person(request)
    return approval_json.read(decisions.find(pk, viewer=by), by)


@router.post(
    "/approvals/{pk}/decision",
    response=dict[str, Any],
    url_name="approval-decide",
    summary="Answer an approval; whoever is second gets 409, naming who was first",
)
@requires("approval.decide")
def approval_decide(request: HttpRequest, pk: int, asked: Answer) -> dict[str, Any]:
    by = person(request)
    decisions.decide(pk, by=by, at=timezone.now(), **asked.dict())
    return approval_json.decided(decisions.find(pk, viewer=by))


@router.get(
    "/controls",
    response=dict[str, Any],
    url_name="control-list",
    summary="The newest orders to agents, and whether they stand",
)
@requires("approval.view")
def control_listing(request: HttpRequest) -> dict[str, Any]:
    page = control_list.page(person(request), now=timezone.now())
    items = [
        {**approval_json.control(row.control, row.scope), "stands": row.stands} for row in page.rows
    ]
    return {"items": items}


@router.post(
    "/controls",
    response={201: dict[str, Any]},
    url_name="control-give",
    summary="Give an order to agents: hold, drain, abort or resume",
)
@requires("control.set")
def control_give(request: HttpRequest, asked: OrderIn) -> Status[dict[str, Any]]:
    by = person(request)
    about = controls.scope(asked.scope, by=by)
    made = orders.give(
        asked.order,
        about,
        reason=asked.reason,
        by=by,
        at=timezone.now(),
        expires_at=asked.expires_at,
    )
    return Status(201, approval_json.control(made, asked.scope))
