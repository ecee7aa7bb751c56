"""What a finished import or simulation means to whoever waited for it."""

from __future__ import annotations

from typing import Any

from forecastlab.jobs.models import Job
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.warehouse.models import ImportReport

NOTHING = "Nothing was loaded."
# How a job ends when its input is not to blame.
_OUR_FAULT = frozenset({"crashed", "gave_up", "took_too_long", "step_failed", "no_room"})


class Refused(BadInput):
    """The dataset cannot be loaded."""

    code = "import_refused"


class NotLoaded(Conflict):
    """The job ended without loading anything."""

    code = "not_loaded"


def result(job: Job) -> dict[str, Any]:
    """Return what was loaded.

    Raises Refused when the input was to blame, NotLoaded when the job failed or was cancelled.
    A job that is not over yet is told as it stands.
    """
    if job.status == Job.Status.FAILED:
        detail, field = str(job.error.get("detail", "")), str(job.error.get("field") or "file")
        if job.error.get("code") in _OUR_FAULT:
            raise NotLoaded(f"{detail.removesuffix(NOTHING).strip()} {NOTHING}")
        raise Refused(detail, field=field)
    if job.status == Job.Status.CANCELLED:
        raise NotLoaded(f"The job was cancelled. {NOTHING}")
    if job.status != Job.Status.SUCCEEDED or job.finished_at is None:
        return {"job": job.pk, "status": job.status}
    report = ImportReport.objects.get(job_id=job.pk)
    seconds = (job.finished_at - job.created_at).total_seconds()
    return {**report.figures, "seconds": round(seconds, 3)}
