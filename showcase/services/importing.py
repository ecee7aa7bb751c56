"""Bundles on their way in: received, looked over, and handed to a job that makes rows of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import Json
from forecastlab.lib.errors import Conflict
from forecastlab.warehouse.services import uploads
from forecastlab.warehouse.services.uploads import UploadGone
from showcase.domain import (
    bundle_reading,
    bundle_stories,
    bundle_verdicts,
    bundles,
    signatures,
)
from showcase.domain import workspaces as naming
from showcase.domain.bundle_stories import Story
from showcase.domain.bundle_verdicts import Report, unheard
from showcase.models import Workspace
from showcase.services import verifying, workspaces

KIND = "import-bundle"
SALT, DAY = "showcase.bundle", 24 * 3600


class AlreadyImported(Conflict):
    """This bundle was imported before."""

    code = "already_imported"


@dataclass(frozen=True, slots=True)
class Received:
    """A bundle that lies in a folder of its own, and holds what it says."""

    token: str
    file_name: str
    sha256: str
    story: Story
    size: int
    is_ours: bool

    def discard(self) -> None:
        uploads.discard(self.token)


def receive(chunks: Iterable[bytes], *, file_name: str) -> Received:
    """Keep a bundle; leave nothing and raise NotABundle or BundleRefused when it is not whole."""
    place = uploads.receive_any(chunks)
    try:
        return read(place.token, file_name)
    except BaseException:
        place.discard()
        raise


def receive_path(path: Path) -> Received:
    """Copy a bundle of this machine."""
    return receive(uploads.chunks_of(path), file_name=path.name)


def read(token: str, file_name: str, report: Report = unheard) -> Received:
    """Go through a received bundle. Raises UploadGone, NotABundle or BundleRefused."""
    with uploads.place_of(token).source.open("rb") as stream:
        verdict = bundle_verdicts.judge(stream, report)
        verdict.refuse()
        story = story_of(stream)
        bundle_stories.check_events(bundle_reading.opened(stream))
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    ours = verifying.is_ours(verdict)
    return Received(token, file_name, digest, story, verdict.size, ours)


def story_of(stream: IO[bytes]) -> Story:
    """Return what a bundle tells that was gone through before; raises BundleRefused."""
    layout = bundle_reading.opened(stream)
    manifest = bundle_verdicts.read_json(layout, bundles.MANIFEST)
    key_id = signatures.key_id(manifest["signing"]["public_key"])
    return bundle_stories.of(layout, manifest, key_id=key_id)


def ticket(received: Received, *, by: User) -> str:
    """Return what lets this person, and nobody else, come back to the bundle."""
    content = {"token": received.token, "name": received.file_name, "user": by.pk}
    return signing.dumps(content, salt=SALT, compress=True)


def redeem(text: str, *, by: User) -> Received:
    """Return the bundle of a ticket; raises UploadGone for a stranger's, a forged or an old one."""
    try:
        content: dict[str, Any] = signing.loads(text, salt=SALT, max_age=DAY)
    except signing.BadSignature as error:
        raise UploadGone(field="file") from error
    if content["user"] != by.pk:
        raise UploadGone(field="file")
    return read(content["token"], content["name"])


def start(received: Received, *, name: str = "", by: User, at: datetime) -> Job:
    """Start the import of a received bundle, which the job discards when it ends.

    Raises AlreadyImported, WorkspaceNameTaken or WorkspaceNameUnusable; the file is kept then.
    """
    check_new(received.sha256, by=by)
    called = check_name(received, name)
    _check_alone(received.sha256)
    params = {
        "upload": received.token,
        "file_name": received.file_name,
        "name": called,
        "bundle": received.sha256,
    }
    return jobs.create(KIND, params=params, by=by, at=at, exclusive=f"{KIND}:{received.sha256}")


def check_name(received: Received, name: str) -> str:
    """Return what the workspace will be called."""
    called = naming.checked(name or received.story.name, field="as")
    if Workspace.objects.filter(name=called).exists():
        raise taken(called)
    return called


def taken(name: str) -> workspaces.WorkspaceNameTaken:
    return workspaces.WorkspaceNameTaken(
        _("A run is kept as '%s' already.") % name,
        hint=_("Import it under another name: --as NAME."),
        field="as",
    )


def check_new(sha256: str, *, by: User) -> None:
    """Raise AlreadyImported, which says where the bundle is if the person may see that."""
    earlier = imported(sha256)
    if earlier is None:
        return
    seen = Workspace.objects.visible_to(by).filter(pk=earlier.pk).exists()
    where = _("It is kept as '%s'.") % earlier.name if seen else _("Somebody else has it.")
    raise AlreadyImported(f"{AlreadyImported.__doc__} {where}", field="file")


def _check_alone(sha256: str) -> None:
    """Raise AlreadyImported while another import of the same bundle waits or is at work."""
    at_work = Job.objects.unfinished().filter(kind=KIND, params__bundle=sha256).order_by("pk")
    job = at_work.first()
    if job is not None:
        told = _("It is being imported by job %s just now.") % job.pk
        raise AlreadyImported(f"{AlreadyImported.__doc__} {told}", field="file")


def imported(sha256: str) -> Workspace | None:
    """Return what was imported from these very bytes."""
    return Workspace.objects.filter(origin__bundle=sha256).select_related("run").first()


def without_sales(story: Story) -> str:
    """Say what it means that the sales do not come along."""
    if story.config["simulate"]:
        return _("Its sales are not in the bundle: a replay simulates them again.")
    return _("Its sales are not in the bundle, so it cannot be replayed here.")


# -- what the jobs' pages ask ------------------------------------------------------------------


def about(params: Json) -> str:
    return f"{params['name']} · {params['file_name']}"


def address(job_id: int) -> str:
    """Return the page of what a job has imported, "" before."""
    params = Job.objects.values_list("params", flat=True).get(pk=job_id)
    found = imported(params["bundle"])
    return reverse("showcase:workspace", args=[found.name]) if found else ""


def result(job: Job) -> dict[str, Any]:
    """Return what a job that is done has imported."""
    data = job.steps.main().values_list("data", flat=True).get(name="load")
    return {"workspace": data["workspace"], "origin": data["origin"], "objects": data["objects"]}
