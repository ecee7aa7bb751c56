"""Making good what crashes and lost messages leave behind, every few seconds."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from forecastlab.jobs import gateways
from forecastlab.jobs.domain.liveness import Beat, is_gone
from forecastlab.jobs.domain.statuses import JobStatus
from forecastlab.jobs.models import JobStep, WorkerHeartbeat
from forecastlab.jobs.services import admission, ringing

logger = logging.getLogger(__name__)

LOCK = "jobs.sweep"
AT_ONCE = 500
FORGET_WORKERS_AFTER = timedelta(days=1)
ASK_AGAIN_AFTER = timedelta(minutes=10)


def sweep() -> None:
    """Free dead leases and call workers again; of several sweeps at once only one does it."""
    with transaction.atomic():
        if not _alone():
            return
        _free_leases()
        _repeat_lost_messages()
        WorkerHeartbeat.objects.filter(seen_at__lt=Now() - FORGET_WORKERS_AFTER).delete()


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        return bool(cursor.fetchone()[0])


def _free_leases() -> None:
    """Take leases that ran out, or whose holder is gone, from the steps.

    A row that is locked belongs to somebody who is writing right now: not dead.
    """
    beats = _beats()
    leased = JobStep.objects.leased().order_by("pk")
    over = ExpressionWrapper(Q(lease_until__lt=Now()), output_field=BooleanField())
    for step in leased.annotate(over=over).select_for_update(skip_locked=True, of=["self"]):
        if step.over or is_gone(step.worker, step.claimed_at, beats):
            _free(step)


def _free(step: JobStep) -> None:
    logger.warning("Freed %s, held by %s, try %s", step, step.worker, step.attempts)
    # The fence rises here too: a holder that was only slow writes nothing from now on.
    JobStep.objects.filter(pk=step.pk).update(fence=F("fence") + 1)
    ringing.put_in_line(step, "free")


def _beats() -> dict[str, Beat]:
    silent = ExpressionWrapper(
        Q(seen_at__lt=Now() - timedelta(seconds=settings.WORKER_SILENT_SECONDS)),
        output_field=BooleanField(),
    )
    return {
        one.name: Beat(one.boot, frozenset(one.pids), one.seen_at, one.silent)
        for one in WorkerHeartbeat.objects.annotate(silent=silent)
    }


def _repeat_lost_messages() -> None:
    """Call workers for steps that nobody seems to come for.

    A queue that holds fewer messages than steps want a worker has lost some, and one message too
    many does no harm; so the queue never grows past twice the work.
    """
    overdue = timedelta(seconds=settings.MESSAGE_LOST_SECONDS)
    waiting = JobStep.objects.wanting_a_worker().filter(due_at__lte=Now())
    late = list(
        waiting.filter(enqueued_at__lt=Now() - overdue)
        .annotate(
            forgotten=ExpressionWrapper(
                Q(enqueued_at__lt=Now() - ASK_AGAIN_AFTER), output_field=BooleanField()
            )
        )
        .select_related("job")
        .order_by("due_at")[:AT_ONCE]
    )
    wanted = Counter(waiting.values_list("queue", flat=True))
    short = {queue for queue in {one.queue for one in late} if _is_short(queue, wanted[queue])}
    again = [one for one in late if (one.queue in short or one.forgotten) and _may_run(one)]
    JobStep.objects.filter(pk__in=[one.pk for one in again]).update(enqueued_at=Now())
    for step in again:
        ringing.call(step)


def _is_short(queue: str, wanted: int) -> bool:
    held = gateways.messages_in(queue)
    return held is not None and held < wanted


def _may_run(step: JobStep) -> bool:
    return step.job.status != JobStatus.QUEUED or admission.admissible(step.job)
