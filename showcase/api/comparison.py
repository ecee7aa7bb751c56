from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from forecastlab.accounts.services.access import person, requires
from showcase.queries import comparing

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
