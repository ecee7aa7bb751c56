from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router, Schema, Status

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib import cursors, ranges
from forecastlab.lib.cursors import Page
from showcase.models import Bundle
from showcase.services import exporting, workspaces

router = Router(tags=["workspaces"])


class ExportIn(Schema):
    """What a bundle is to hold beside the story."""

    contents: list[Literal["models", "dataset"]] = []


class ExportOut(Schema):
    job: int


class BundleOut(Schema):
    bundle: int
    sha256: str
    bytes: int
    files: int
    events_seq: int
    contents: list[str]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    checked_at: datetime | None
    verdict: dict[str, Any] | None


class BundleList(Schema):
    items: list[BundleOut]
    next: str | None


@router.post(
    "/workspaces/{name}/export",
    response={202: ExportOut},
    url_name="workspace-export",
    summary="Start the export of a workspace; its job makes a bundle",
)
@requires("workspace.export")
def workspace_export(request: HttpRequest, name: str, asked: ExportIn) -> Status[dict[str, Any]]:
    by = person(request)
    workspace = workspaces.find(name, viewer=by)
    job = exporting.start(workspace, contents=asked.contents, by=by, at=timezone.now())
    return Status(202, {"job": job.pk})


@router.get(
    "/workspaces/{name}/bundles",
    response=BundleList,
    url_name="workspace-bundles",
    summary="Bundles of a workspace, newest first",
)
@requires("workspace.view")
def bundle_list(request: HttpRequest, name: str, asked: Query[Page]) -> dict[str, Any]:
    workspace = workspaces.find(name, viewer=person(request))
    rows = workspace.bundles.select_related("created_by")
    found, following = cursors.page(rows, by="-pk", limit=asked.limit, cursor=asked.cursor)
    return {"items": [_told(one) for one in found], "next": following}


@router.get(
    "/workspaces/{name}/bundles/{bundle_id}",
    url_name="bundle",
    summary="A bundle as a zip file, or a range of its bytes",
)
@requires("workspace.view")
def bundle_download(request: HttpRequest, name: str, bundle_id: int) -> HttpResponseBase:
    bundle = exporting.find(name, bundle_id, viewer=person(request))
    return ranges.respond(request, exporting.path(bundle), exporting.kept(bundle))


@router.delete(
    "/workspaces/{name}/bundles/{bundle_id}",
    response={204: None},
    url_name="bundle",
    summary="Delete a bundle",
)
@requires("workspace.export")
def bundle_delete(request: HttpRequest, name: str, bundle_id: int) -> Status[None]:
    exporting.delete(exporting.find(name, bundle_id, viewer=person(request)))
    return Status(204, None)


def _told(one: Bundle) -> dict[str, Any]:
    return {
        "bundle": one.pk,
        "sha256": one.digest,
        "bytes": one.size,
        "files": one.files,
        "events_seq": one.seq,
        "contents": list(one.contents),
        "created_by": one.created_by.get_username() if one.created_by else None,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "checked_at": one.checked_at,
        "verdict": one.verdict,
    }
