"""Approvals and orders over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from agents.queries import approval_json, approval_list, control_list
from agents.services import bulk_decisions, changing, controls, decisions, orders
from agents.services.bulk_decisions import Seen
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


class SeenIn(Schema):
    """An approval as it was seen."""

    approval: int = Field(ge=1)
    version: int = Field(ge=1)
    digest: str = Field(max_length=64)


class Change(Schema):
    """Arguments that change, each whole, of an approval as it was seen."""

    version: int = Field(ge=1)
    digest: str = Field(max_length=64)
    arguments: dict[str, Any]
    reason: str = Field("", max_length=2000)


class Answers(Schema):
    """One answer to several approvals, at most 100."""

    verdict: str
    approvals: list[SeenIn]
    reason: str = Field("", max_length=2000)


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


@router.post(
    "/approvals/decisions",
    response=dict[str, Any],
    url_name="approvals-decide",
    summary="Answer several approvals with one reason; what became of each is told by itself",
)
@requires("approval.decide")
def approvals_decide(request: HttpRequest, asked: Answers) -> dict[str, Any]:
    seen = [Seen(**one.dict()) for one in asked.approvals]
    told = bulk_decisions.decide(
        seen, asked.verdict, reason=asked.reason, by=person(request), at=timezone.now()
    )
    return {
        "batch": told.batch,
        "decided": [{"approval": one.approval, "status": one.status} for one in told.decided],
        "refused": [
            {"approval": one.approval, "code": one.code, "detail": one.detail}
            for one in told.refused
        ],
    }


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


@router.post(
    "/approvals/{pk}/change",
    response={201: dict[str, Any]},
    url_name="approval-change",
    summary="Ask for the call with other arguments instead: another approval, for somebody else",
)
@requires("approval.decide")
def approval_change(request: HttpRequest, pk: int, asked: Change) -> Status[dict[str, Any]]:
    by = person(request)
    given = asked.dict()
    made = changing.change(pk, given.pop("arguments"), **given, by=by, at=timezone.now())
    return Status(201, approval_json.read(decisions.find(made.pk, viewer=by), by))


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
