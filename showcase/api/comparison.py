from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from forecastlab.accounts.services.access import person, requires
from showcase.queries import comparing, link_health
from showcase.services import workspaces

router = Router(tags=["workspaces"])


class Compare(Schema):
    """`of` names 2 to 100 workspaces, `run:NUMBER` a run that is not kept; the first measures."""

    of: list[str]
    all: bool = False


@router.get(
    "/workspaces/compare",
    response=dict[str, Any],
    url_name="workspace-compare",
    summary="Workspaces side by side: what differs, or with all everything",
)
@requires("workspace.view")
def workspace_compare(request: HttpRequest, asked: Query[Compare]) -> dict[str, Any]:
    found = comparing.of(asked.of, viewer=person(request))
    return comparing.as_json(found, everything=asked.all)


@router.get(
    "/workspaces/{name}/links",
    response=dict[str, Any],
    url_name="workspace-links",
    summary="Whether what a workspace refers to is still there",
)
@requires("workspace.view")
def workspace_links(request: HttpRequest, name: str) -> dict[str, Any]:
    found = workspaces.find(name, viewer=person(request))
    return link_health.as_json(found.run, now=timezone.now())
