"""Exports of kept runs: a job that gathers, packs, signs and reads again, and its bundles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib import artefacts, sweeps, texts
from forecastlab.lib.contributions import Json
from forecastlab.lib.errors import Conflict, NotFound
from forecastlab.lib.ranges import Kept
from showcase.domain import bundles
from showcase.models import Bundle, Run, Workspace
from showcase.services import workbench, workspaces

KIND = "export"
LOCK = "bundles.sweep"


class RunNotOver(Conflict):
    """The run has not ended yet. Export it when it has."""

    code = "run_not_over"


class NoSuchBundle(NotFound):
    """There is no such bundle: it was deleted, or has had its time."""

    code = "no_such_bundle"


def start(
    workspace: Workspace,
    *,
    contents: Sequence[str],
    by: User,
    at: datetime,
    key: str | None = None,
) -> Job:
    """Start the export of a kept run as it stands now.

    With the same `key` again it is the job that there is. Raises RunNotOver, or
    ContentsUnknown for optional parts that there are not.
    """
    check_over(workspace.run)
    params = {
        "workspace": workspace.pk,
        "name": workspace.name,
        "seq": events.head(workspace.run.stream),
        "contents": bundles.contents(list(contents)),
    }
    slot = f"export:{workspace.pk}"
    return jobs.create(KIND, params=params, by=by, at=at, exclusive=slot, key=key)


def check_over(run: Run) -> None:
    if run.is_active:
        raise RunNotOver(
            _("Run %(n)s is %(status)s.") % {"n": run.pk, "status": run.status},
            hint=_("Export it when it has ended."),
        )


def find(name: str, number: int | str, *, viewer: User) -> Bundle:
    """Return a bundle of a workspace that this person may see, by the workspace's name or key.

    Raises NoSuchBundle or NoSuchWorkspace.
    """
    workspace, key = workspaces.find(name, viewer=viewer), texts.number(str(number))
    mine = Bundle.objects.filter(workspace=workspace).select_related("workspace")
    found = mine.filter(pk=key).first() if key is not None else None
    if found is None:
        raise NoSuchBundle(field="bundle")
    return found


def of_job(job: Job) -> Bundle:
    """Return what an export has made; raises NoSuchBundle."""
    found = Bundle.objects.select_related("workspace").filter(job=job).first()
    if found is None:
        raise NoSuchBundle
    return found


def kept(bundle: Bundle) -> Kept:
    """Return what a reader is told of the file."""
    name = bundles.file_name(bundle.workspace.name)
    return Kept(bundle.digest, bundle.size, name, "application/zip")


def path(bundle: Bundle) -> Path:
    """Return the zip; raises ArtefactMissing, or ArtefactChanged rather than give a damaged one."""
    return artefacts.path_checked_once(bundle.digest)


def delete(bundle: Bundle) -> None:
    """Delete a bundle; its bytes go with the next sweep of the store that finds them unneeded."""
    bundle.delete()


def expiry(at: datetime) -> datetime | None:
    """Return when a bundle of now has had its time, None where they stay."""
    days = settings.BUNDLES_KEPT_DAYS
    return at + timedelta(days=days) if days > 0 else None


def sweep(at: datetime) -> int:
    """Delete bundles that have had their time, and folders of jobs that are over."""
    with sweeps.alone(LOCK) as first:
        if not first:
            return 0
        with transaction.atomic():
            gone = Bundle.objects.filter(expires_at__lte=at).delete()[0]
        left = workbench.jobs()
        alive = set(Job.objects.unfinished().filter(pk__in=left).values_list("pk", flat=True))
        for job_id in left:
            if job_id not in alive:
                workbench.discard(job_id)
    return gone


# -- what the jobs' pages ask ------------------------------------------------------------------


def can_see(user: Any, params: Json) -> bool:
    return Workspace.objects.visible_to(user).filter(pk=params["workspace"]).exists()


def over(params: Json) -> str:
    kept = Workspace.objects.filter(pk=params["workspace"])
    return kept.values_list("run__dataset__name", flat=True).first() or ""


def about(params: Json) -> str:
    return str(params["name"])


def address(job_id: int) -> str:
    """Return the page of the workspace that a job exports, "" where that is gone."""
    params = Job.objects.values_list("params", flat=True).get(pk=job_id)
    names = Workspace.objects.filter(pk=params["workspace"]).values_list("name", flat=True)
    return reverse("showcase:workspace-export", args=[names[0]]) if names else ""
