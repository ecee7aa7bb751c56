"""Kept runs: listed, read, kept, edited and deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, StrictBool, StrictInt

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.cursors import Page
from showcase.queries import workspace_listing, workspace_representations
from showcase.queries.workspace_list import NEWEST
from showcase.services import curation, runs, workspaces

router = Router(tags=["workspaces"])


class Filters(Page):
    """`q` searches names, notes, tags and numbers of runs; all `tags` must be there."""

    q: str = ""
    tags: list[str] = []
    dataset: str = ""
    status: str = ""
    by: str = ""
    archived: str = ""
    view: str = "all"
    sort: str = NEWEST


class KeepIn(Schema):
    """The run that is kept, and what is said of it; without a name its number names it."""

    run: StrictInt
    name: str = ""
    notes: str = ""
    tags: list[str] = []


class EditIn(Schema):
    """What is left out stays; null clears the notes. `version` is the one that you have read."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    notes: str | None = None
    tags: list[str] | None = None
    pinned: StrictBool | None = None
    archived: StrictBool | None = None
    version: StrictInt | None = None


class BulkIn(Schema):
    """One action on several workspaces: archive, restore, pin, unpin, tag, untag or delete."""

    workspaces: list[str]
    action: str
    tags: list[str] = []


@router.get(
    "/workspaces",
    response=dict[str, Any],
    url_name="workspace-list",
    summary="Workspaces, pinned ones first; `sort` is a column, with a minus for downwards",
)
@requires("workspace.view")
def workspace_listed(request: HttpRequest, asked: Query[Filters]) -> dict[str, Any]:
    wanted = workspace_listing.asked(asked.dict(exclude={"limit", "cursor"}))
    found, following = workspace_listing.listed(
        wanted, viewer=person(request), limit=asked.limit, cursor=asked.cursor
    )
    return {
        "items": [workspace_representations.short(one) for one in found],
        "next": following,
    }


@router.post(
    "/workspaces",
    response={201: dict[str, Any]},
    url_name="workspace-list",
    summary="Keep a run, before, while or after it works",
)
@requires("workspace.keep")
def workspace_keep(request: HttpRequest, asked: KeepIn) -> Status[dict[str, Any]]:
    by = person(request)
    run = runs.find(asked.run, viewer=by)
    kept = curation.keep(run, asked.dict(exclude={"run"}), by=by, at=timezone.now())
    found = workspaces.find(kept.name, viewer=by)
    return Status(201, workspace_representations.whole(found, viewer=by))


@router.post(
    "/workspaces/bulk",
    response=dict[str, Any],
    url_name="workspace-bulk",
    summary="Do one thing to several workspaces; the answer tells of each",
)
@requires("workspace.edit")
def workspace_bulk(request: HttpRequest, asked: BulkIn) -> dict[str, Any]:
    results = curation.bulk(
        asked.workspaces, asked.action, tags=asked.tags, by=person(request), at=timezone.now()
    )
    done = sum(one.ok for one in results)
    told = [asdict(one) for one in results]
    return {"done": done, "refused": len(results) - done, "results": told}


@router.get(
    "/workspaces/{name}",
    response=dict[str, Any],
    url_name="workspace",
    summary="A workspace, by its name or its key",
)
@requires("workspace.view")
def workspace_read(request: HttpRequest, name: str) -> dict[str, Any]:
    viewer = person(request)
    return workspace_representations.whole(workspaces.find(name, viewer=viewer), viewer=viewer)


@router.patch(
    "/workspaces/{name}",
    response=dict[str, Any],
    url_name="workspace",
    summary="Set name, notes, tags, pinned or archived; what is left out stays as it is",
)
@requires("workspace.edit")
def workspace_edit(request: HttpRequest, name: str, asked: EditIn) -> dict[str, Any]:
    """Refuses with 409 what changed since `version`, where one is given."""
    by = person(request)
    kept = workspaces.find(name, viewer=by)
    changes = asked.dict(exclude_unset=True, exclude={"version"})
    edited = curation.edit(kept, changes, version=asked.version, by=by, at=timezone.now())
    return workspace_representations.whole(workspaces.find(edited.key, viewer=by), viewer=by)


@router.delete(
    "/workspaces/{name}",
    response=dict[str, Any],
    url_name="workspace",
    summary="Delete what was said of a run; the answer says what stays",
)
@requires("workspace.delete")
def workspace_delete(request: HttpRequest, name: str, version: int | None = None) -> dict[str, Any]:
    by = person(request)
    kept = workspaces.find(name, viewer=by)
    return curation.delete(kept, version=version, by=by, at=timezone.now()).as_json()
