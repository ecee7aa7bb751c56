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
    if not _has_succeeded(job):
        return {"job": job.pk, "status": job.status}
    report = ImportReport.objects.get(job_id=job.pk)
    return {**report.figures, "seconds": _seconds(job)}


def looked_at(job: Job) -> dict[str, Any]:
    """Return what a preview found: what would be stored, how that differs, and all problems.

    `importable` is false where an error is among the problems. Raises as `result` does.
    """
    if not _has_succeeded(job):
        return {"job": job.pk, "status": job.status}
    found = {step.name: step.data for step in job.steps.main()}
    problems = [one for data in found.values() for one in data.get("problems", [])]
    return {
        "dry_run": True,
        "importable": all(one["level"] != "error" for one in problems),
        "dataset": job.params["dataset"],
        "content_hash": found["check"].get("hash"),
        **found["check"].get("figures", {}),
        "changes": found["compare"].get("outcome", {}),
        "problems": problems,
        "seconds": _seconds(job),
    }


def _has_succeeded(job: Job) -> bool:
    if job.status == Job.Status.FAILED:
        detail, field = str(job.error.get("detail", "")), str(job.error.get("field") or "file")
        if job.error.get("code") in _OUR_FAULT:
            raise NotLoaded(f"{detail.removesuffix(NOTHING).strip()} {NOTHING}")
        raise Refused(detail, field=field)
    if job.status == Job.Status.CANCELLED:
        raise NotLoaded(f"The job was cancelled. {NOTHING}")
    return job.status == Job.Status.SUCCEEDED


def _seconds(job: Job) -> float:
    ended = job.finished_at or job.created_at
    return round((ended - job.created_at).total_seconds(), 3)
