"""The run that a new installation begins with, over simulated sales or a file of the user's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.accounts.services import people, sign_in_links
from forecastlab.jobs.services import following
from forecastlab.lib.embedded import home
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.services import imports, outcomes, uploads
from forecastlab.warehouse.services.imports import Options
from showcase.models import Run
from showcase.services import runs

WHO = "planner"


def address(path: str) -> str:
    """The whole address of a page of this installation."""
    return home.read_services(settings.FORECASTLAB_HOME).web_url + path


def sign_in_address() -> str:
    return address(sign_in_links.issue(WHO, at=timezone.now()).path)


def begin() -> Run | None:
    """Start a run over simulated sales, unless there has been any run."""
    if Run.objects.exists():
        return None
    return runs.start({"scenario": "demo_minimal"}, by=people.actor(WHO), at=timezone.now())


def over_file(file: Path, *, placed: Sequence[str], say: Callable[[str], None]) -> Run:
    """Import a file, wait until it is in, and start a run over it.

    Raises BadInput for a file that cannot be imported; nothing is left of it then.
    """
    name, by = _dataset_name(file), people.actor(WHO)
    say(f"Importing {file.name} as {name} ...")
    outcomes.result(following.follow(_start_import(name, file, placed, by), say))
    return runs.start({"dataset": name}, by=by, at=timezone.now())


def _start_import(name: str, file: Path, placed: Sequence[str], by: User) -> int:
    upload = uploads.receive_path(file)
    try:
        job = imports.start(name, upload, options=Options(placed=placed), by=by, at=timezone.now())
    except HouseError:
        upload.place.discard()
        raise
    return job.pk


def _dataset_name(file: Path) -> str:
    """The file's name as the name of a dataset: `Sales 2026.csv.gz` becomes `sales-2026`."""
    stem = re.sub(r"[^a-z0-9_]+", "-", file.name.split(".")[0].lower()).strip("-_")
    return stem[:100] or "sales"


def run_address(run: Run) -> str:
    return address(reverse("showcase:run", args=[run.pk]))
