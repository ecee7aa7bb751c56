"""Undoing what a cancelled or failed job has begun."""

from __future__ import annotations

from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.gateways.workplace import TOKEN, Workplace
from forecastlab.warehouse.models import ImportReport
from forecastlab.warehouse.services import versions


def undo(context: StepContext) -> None:
    """Discard the job's folder, and a version that was loaded just before the cancel was read.

    A version that somebody uses already stays.
    """
    token = str(context.params["upload"])
    if TOKEN.fullmatch(token):
        Workplace(token).discard()
    report = ImportReport.objects.filter(job_id=context.job_id, verdict="loaded").first()
    if report is None or report.version is None:
        return
    try:
        with context.fenced():
            versions.drop(report.version, at=context.now, actor_id=context.actor_id)
            report.delete()
    except versions.Held:
        return
