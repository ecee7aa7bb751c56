"""What indexing came to, as the command tells it."""

from __future__ import annotations

from typing import Any

from forecastlab.jobs.models import Job
from forecastlab.knowledge.models import Document

COUNTS = ("indexed", "updated", "unchanged", "failed", "removed")


def begun(job: Job | None, told: dict[str, Any]) -> dict[str, Any]:
    """Return what a look at the files found, before anything was read."""
    counts = dict.fromkeys(COUNTS, 0) | {one: told[one] for one in ("unchanged", "removed")}
    counts["failed"] = len(told["refused"])
    status = job.status if job else "succeeded"
    lists = {"gone": told["gone"], "failures": told["refused"]}
    return {"job": job.pk if job else None, "status": status, **counts, **lists}


def of(job: Job, told: dict[str, Any]) -> dict[str, Any]:
    """Return the same with what the job did, when it is over or is not followed any more.

    `vectors` says what became of the vectors.
    """
    result = begun(job, told)
    steps = {step.name: step for step in job.steps.main()}
    for name, count in steps["index"].data.items():
        result[name] += count
    result["vectors"] = steps["vectors"].detail
    failed = Document.objects.filter(job=job, status=Document.Status.FAILED).order_by("path")
    failures = [{"path": one.path, "detail": one.error["detail"]} for one in failed]
    return {**result, "failures": [*result["failures"], *failures]}
