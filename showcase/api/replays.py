from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from forecastlab.accounts.services import access
from forecastlab.accounts.services.access import person, requires
from showcase.queries import replays
from showcase.services import replaying, resets, workspaces
from showcase.services.replaying import Asked
from showcase.services.resets import Confirmation

router = Router(tags=["workspaces"])


class ResetIn(Schema):
    """The token of a list of what would be deleted, and the name of the workspace."""

    token: str
    name: str


class ReplayIn(Schema):
    """`set` has options and knobs in place of those recorded, for the mode `modified`."""

    mode: str = "exact"
    set: dict[str, Any] = {}
    keep: str = ""
    reset: ResetIn | None = None


@router.post(
    "/workspaces/{name}/replay",
    response={201: dict[str, Any]},
    url_name="workspace-replay",
    summary="Run what a workspace recorded once more: exact, fresh or modified",
)
@requires("workspace.replay")
def workspace_replay(request: HttpRequest, name: str, asked: ReplayIn) -> Status[dict[str, Any]]:
    """The answer comes at once; what differs stands in the new workspace when its run has ended.

    With `reset` the list that its token stands for is deleted first.
    """
    by, now = person(request), timezone.now()
    source = workspaces.find(name, viewer=by)
    wanted = Asked(asked.mode, replaying.changes(asked.set), asked.keep)
    if asked.reset is None:
        run = replaying.start(source, wanted, by=by, at=now)
    else:
        access.check(by, "workspace.reset")
        given = Confirmation(asked.reset.token, asked.reset.name)
        run = resets.replay(source, given, wanted, by=by, at=now)
    return Status(201, replays.told(run, viewer=by))


@router.post(
    "/workspaces/{name}/reset-preview",
    response=dict[str, Any],
    url_name="workspace-reset-preview",
    summary="List what a replay with a reset would delete; deletes nothing",
)
@requires("workspace.reset")
def workspace_reset_preview(request: HttpRequest, name: str) -> dict[str, Any]:
    """The token confirms just this list, for ten minutes and once."""
    by = person(request)
    found = resets.preview(workspaces.find(name, viewer=by), by=by, at=timezone.now())
    return {
        "preview": found.listing.as_json(),
        "token": found.token,
        "expires_at": found.expires_at,
    }
