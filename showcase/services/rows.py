"""What the pipeline's first and last row do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Q

from forecastlab.forecasting.services import promotion
from forecastlab.jobs.domain.statuses import StepStatus
from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts, figures
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepFailed
from showcase.models import StepRun
from showcase.services import installation
from showcase.services.installation import Finding

PATIENCE, POLL = 10.0, 0.5


def precheck(context: StepContext) -> Done:
    """Ask every service that the run leans on; raises StepFailed for one it cannot do without."""
    found = _findings(context)
    problems = [one for one in found if one.problem]
    blocking = [one.problem for one in problems if one.blocks]
    if blocking:
        raise StepFailed(" ".join(blocking), hint="Start the run again when this is repaired.")
    listed = ", ".join(f"{one.name.lower()} {one.figure}" for one in found)
    told = " ".join([f"{listed[:1].upper()}{listed[1:]}.", *[one.problem for one in problems]])
    data = {"checks": [{"name": one.name, "figure": one.figure} for one in found]}
    return Done(told, data=data, warn=bool(problems))


def _findings(context: StepContext) -> list[Finding]:
    """Ask every service; a house that has just been started gets time for its first heartbeats."""
    ends = time.monotonic() + PATIENCE
    found = installation.findings(at=context.now)
    while any(one.problem and not one.blocks for one in found) and time.monotonic() < ends:
        context.report(None, "Waiting for the workers of both queues")
        time.sleep(POLL)
        found = installation.findings(at=context.now)
    return found


def cleanup(context: StepContext) -> Done | Skipped:
    """Put back what was moved to teach; take away what was needed for the work. Safe to repeat.

    After a failure files stay, so that what the finished steps made is kept; and while another
    job is at work, since equal artefacts are stored once and it may be reading them.
    """
    restored = _put_back(context)
    files = _take_away(context)
    left = [text for one in context.results.values() for text in one.get("left_open", ())]
    told = " ".join([files.detail, *[f"Left open: {text}." for text in left]])
    if not restored["alias_restored"]:
        return replace(files, detail=told, data={**files.data, **restored})
    back = f"{restored['alias']} points at model run {restored['restored_run_id']} again. "
    return Done(back + told, data={**files.data, **restored})


def _put_back(context: StepContext) -> dict[str, Any]:
    """Put back the alias that a step moved and died, was stopped or failed over."""
    with context.fenced():
        moved = promotion.put_back(f"job.{context.job_id}.", at=context.now)
    back = [one for one in moved if one.restored]
    if not back:
        return {"alias_restored": False, "restored_run_id": None}
    last = back[-1]
    return {"alias_restored": True, "restored_run_id": last.before_id, "alias": last.alias.name}


def _take_away(context: StepContext) -> Done | Skipped:
    given = [one.get("temporary", ()) for one in context.results.values()]
    digests = {digest for several in given for digest in several}
    if not digests:
        return Skipped("There is nothing to clear up.")
    if _has_failed(context):
        return Skipped(f"{len(digests)} working files stay, for a run that goes on from here.")
    # What waits on the queue of quick work waits for people, and reads no working files.
    parked = Q(status=Job.Status.WAITING) & ~Q(queue=settings.CELERY_TASK_DEFAULT_QUEUE)
    begun = Q(status=Job.Status.RUNNING) | parked
    going_on = Q(status=Job.Status.QUEUED, steps__status=StepStatus.DONE)
    if Job.objects.exclude(pk=context.job_id).filter(begun | going_on).exists():
        return Skipped(f"{len(digests)} working files stay while another job may share them.")
    freed = [artefacts.discard(digest) for digest in sorted(digests)]
    gone = [size for size in freed if size]
    told = f"{len(gone)} working files removed, {figures.size(sum(gone))}."
    return Done(told, data={"removed": len(gone), "bytes": sum(gone)})


def _has_failed(context: StepContext) -> bool:
    steps = StepRun.objects.filter(run=context.params["run"])
    return steps.filter(outcome=StepRun.Outcome.FAIL).exists()
