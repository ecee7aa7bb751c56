"""Making good what crashes and lost messages leave behind, every few seconds."""

from __future__ import annotations

import logging
from collections import Counter

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from forecastlab.jobs import gateways
from forecastlab.jobs.domain.liveness import Beat, is_gone
from forecastlab.jobs.domain.statuses import JobStatus
from forecastlab.jobs.models import JobStep, WorkerHeartbeat
from forecastlab.jobs.services import admission, ringing
from forecastlab.lib import sweeps

logger = logging.getLogger(__name__)

LOCK = "jobs.sweep"
AT_ONCE = 500
FORGET_WORKERS_SECONDS = 86_400
ASK_AGAIN_SECONDS = 600


def sweep() -> None:
    """Free dead leases and call workers again; of several sweeps at once only one does it."""
    with sweeps.alone(LOCK) as first:
        if not first:
            return
        _free_leases()
        _repeat_lost_messages()
        WorkerHeartbeat.objects.silent_since(ringing.clock(-FORGET_WORKERS_SECONDS)).delete()


def _free_leases() -> None:
    """Take leases that ran out, or whose holder is gone, from the steps.

    A row that is locked belongs to somebody who is writing right now: not dead.
    """
    beats = _beats()
    leased = JobStep.objects.leased().order_by("pk").select_for_update(skip_locked=True)
    ran_out = set(JobStep.objects.filter(lease_until__lt=Now()).values_list("pk", flat=True))
    for step in leased:
        if step.pk in ran_out or is_gone(step.worker, step.claimed_at, beats):
            _free(step)


def _free(step: JobStep) -> None:
    logger.warning("Freed %s, held by %s, try %s", step, step.worker, step.attempts)
    # The fence rises here too: a holder that was only slow writes nothing from now on.
    JobStep.objects.filter(pk=step.pk).update(fence=F("fence") + 1)
    ringing.put_in_line(step, "free")


def _beats() -> dict[str, Beat]:
    limit = ringing.clock(-settings.WORKER_SILENT_SECONDS)
    silent = set(WorkerHeartbeat.objects.silent_since(limit).values_list("pk", flat=True))
    return {
        one.name: Beat(one.boot, frozenset(one.pids), one.seen_at, one.pk in silent)
        for one in WorkerHeartbeat.objects.all()
    }


def _repeat_lost_messages() -> None:
    """Call workers for steps that nobody seems to come for.

    A queue that holds fewer messages than steps want a worker has lost some, and one message too
    many does no harm; so the queue never grows past twice the work.
    """
    waiting = JobStep.objects.wanting_a_worker().filter(due_at__lte=Now())
    wanted = Counter(waiting.values_list("queue", flat=True))
    overdue = waiting.filter(enqueued_at__lt=ringing.clock(-settings.MESSAGE_LOST_SECONDS))
    short = {
        queue
        for queue in set(overdue.values_list("queue", flat=True))
        if _is_short(queue, wanted[queue])
    }
    lost = Q(queue__in=short) | Q(enqueued_at__lt=ringing.clock(-ASK_AGAIN_SECONDS))
    late = overdue.filter(lost).select_related("job").order_by("due_at", "pk")[:AT_ONCE]
    again = [step for step in late if _may_run(step)]
    JobStep.objects.filter(pk__in=[one.pk for one in again]).update(enqueued_at=Now())
    for step in again:
        ringing.call(step)


def _is_short(queue: str, wanted: int) -> bool:
    held = gateways.messages_in(queue)
    return held is not None and held < wanted


def _may_run(step: JobStep) -> bool:
    return step.job.status != JobStatus.QUEUED or admission.admissible(step.job)
