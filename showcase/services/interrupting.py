"""Runs that cannot go on because what they work on, or the code that does it, is gone."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import Conflict
from showcase.domain import statuses
from showcase.models import Run
from showcase.queries import pipeline


class RunInterrupted(Conflict):
    """What the run needs is gone, so it cannot go on."""

    code = "run_interrupted"


def what_is_gone(run: Run, *, step: str) -> str:
    """Return what a run lacks to go on from `step`, with the way out; "" for nothing.

    Simulated sales and working files can be made again, so they are not counted.
    """
    if run.config.get("version") and run.version_id is None:
        said = _("Its sales, a version of %(dataset)s, were deleted.")
        hint = _("Start a run over another version.")
        return f"{said % {'dataset': run.config['dataset']}} {hint}"
    names = {row.step.name for row in pipeline.planned(run.config)}
    rows = list(run.steps.in_order())
    place = next(index for index, row in enumerate(rows) if row.name == step)
    lost = [row for row in rows[place:] if row.name not in names]
    if not lost:
        return ""
    said = _("This installation has no row '%(row)s' of %(app)s any more.")
    hint = _("Start it again: it gets the rows of today.")
    return f"{said % {'row': lost[0].name, 'app': lost[0].contributed_by}} {hint}"


def interrupt(run: Run, why: str, *, by: User | None, at: datetime) -> None:
    """Let a run that failed or was stopped be over for good."""
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run.pk)
        if run.status == Run.Status.INTERRUPTED:
            return
        run.status = statuses.follow(run.status, Run.Status.INTERRUPTED)
        run.result = {**run.result, "gone": why}
        run.save(update_fields=["status", "result"])
        told = [
            NewEvent(run.stream, "run.interrupted", {"name": run.name, "detail": why}),
            NewEvent(Run.LIST_STREAM, "run.interrupted"),
        ]
        log.append(told, actor_id=by.pk if by else None, at=at)
