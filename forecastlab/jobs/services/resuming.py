"""Going on with a job that failed or was stopped, from one of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from forecastlab.accounts.models import User
from forecastlab.jobs.domain import planning
from forecastlab.jobs.domain.statuses import JOB, STEP, Outcome, StepStatus
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import ringing, telling
from forecastlab.lib.errors import BadInput, Conflict
from forecastlab.lib.moves import after, sources

GOOD = (Outcome.PASS, Outcome.WARN, Outcome.SKIP)


class NotResumable(Conflict):
    """The job cannot go on."""

    code = "not_resumable"


def resume(job: Job, *, step: str = "", by: User | None, at: datetime) -> Job:
    """Queue a job again that failed or was stopped; its clock and its tries start anew.

    `step` and all after it are done anew, what came before is kept; without a name, the first
    that did not end well. Raises NotResumable for a job that has not ended so, or whose
    beginnings were undone, and BadInput for a step that is unknown or not reached.
    """
    with transaction.atomic():
        steps = list(job.steps.main().select_for_update(no_key=True).order_by("position"))
        found = Job.objects.select_for_update(no_key=True).filter(pk=job.pk).first()
        if found is None:
            raise NotResumable(f"Job {job.pk} has just been deleted.")
        job = found
        _check(job)
        anew = steps[_place(steps, step) :]
        queues = {plan.name: plan.queue for plan in kinds.find(job.kind).steps(job.params)}
        for one in anew:
            one.queue = queues.get(one.name) or job.queue  # a stop may have moved it to another
            _reopen(one)
        job.status = after(JOB, job.status, "resume")
        job.error, job.cancel_requested, job.wake_requested = {}, False, False
        job.started_at = job.finished_at = None
        job.parked_seconds = 0
        job.progress = planning.percent(steps)
        job.save()
        ringing.call_first(anew[0])
        changes = [telling.of_step(job, one, at=at) for one in anew]
        detail = f"Goes on from {anew[0].name}"
        telling.tell(job, [*changes, telling.of_job(job, at=at, detail=detail)], at=at, by=by)
    return job


def first_undone(steps: Sequence[JobStep]) -> int:
    """Return the place of the first step that did not end well; all of them: the last place."""
    places = (place for place, one in enumerate(steps) if one.outcome not in GOOD)
    return next(places, len(steps) - 1)


def _check(job: Job) -> None:
    if job.status not in sources(JOB, "resume"):
        raise NotResumable(f"Job {job.pk} is {job.status}: there is nothing to go on with.")
    kind = kinds.find(job.kind)
    if kind.compensate is not None:
        raise NotResumable(
            f"What job {job.pk} had begun is undone.", hint="Start it again from the beginning."
        )


def _place(steps: Sequence[JobStep], name: str) -> int:
    reached = first_undone(steps)
    names = [one.name for one in steps[: reached + 1]]
    if not name:
        return reached
    if name not in names:
        raise BadInput(
            f"The job cannot go on from '{name}'.",
            hint=f"It can from: {', '.join(names)}.",
            field="step",
        )
    return names.index(name)


def _reopen(step: JobStep) -> None:
    """Make a step as new, but for its fence: a worker that was thought dead writes nothing."""
    step.shards.all().delete()
    if step.status == StepStatus.DONE:
        step.status = after(STEP, step.status, "redo")
    step.outcome = step.detail = ""
    step.data, step.progress, step.attempts = {}, 0, 0
    step.started_at = step.finished_at = step.claimed_at = None
    step.seconds, step.parked_seconds = None, 0
    step.save()
