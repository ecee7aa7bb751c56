from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.errors import HouseError
from showcase.services import importing

router = Router(tags=["workspaces"])


class BundleIn(Schema):
    """Under which name the workspace is kept; without one, as it was called before."""

    name: str = ""


class BundleStarted(Schema):
    job: int
    workspace: str


@router.post(
    "/workspaces/import",
    response={202: BundleStarted},
    url_name="workspace-import",
    summary="Check a bundle and start its import; the whole file is checked before it answers",
)
@requires("workspace.import")
def workspace_import(
    request: HttpRequest, wanted: Form[BundleIn], file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    received = importing.receive(file.chunks(), file_name=file.name or "bundle")
    try:
        job = importing.start(received, name=wanted.name, by=person(request), at=timezone.now())
    except HouseError:
        received.discard()
        raise
    return Status(202, {"job": job.pk, "workspace": job.params["name"]})
