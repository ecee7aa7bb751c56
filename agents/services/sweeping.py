"""Making good what a crash between a commit and a call leaves behind."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from agents.models import Approval, Invocation, Pause, Session, SessionQuerySet
from agents.queries.histories import History
from agents.queries.undone import Next
from agents.services import bookmarks, calling, sessions, steering
from forecastlab.jobs.models import Job
from forecastlab.lib import sweeps

AT_ONCE = 200
ENDED_JOB = ("succeeded", "failed", "cancelled")


def sweep(at: datetime) -> int:
    """Call the sessions that something is to be done for and nobody does it; return how many.

    Each in a transaction of its own: none is locked while another one is waited for.
    """
    with sweeps.alone("agents.sessions") as first:
        if not first:
            return 0
        forgotten = list(uncalled()[:AT_ONCE])
        woken = [one for one in held()[:AT_ONCE] if _may_go_on(one)]
    for one in forgotten:
        calling.call(one.pk, at=at)
    for one in woken:
        sessions.wake(one, at=at)
    bookmarks.forget_ended()
    return len(forgotten) + len(woken)


def uncalled() -> SessionQuerySet:
    """Return sessions that are queued or running without a job that would take them up."""
    alive = Session.objects.unfinished().exclude(status=Session.Status.WAITING)
    stuck = Q(job=None) | Q(job__status__in=[*ENDED_JOB, Job.Status.WAITING.value])
    return alive.filter(stuck).order_by("pk")


def held() -> SessionQuerySet:
    """Return sessions that an order or the budget held back.

    They wait for no answer, or have a call that was approved beside one that is asked about. In any
    order, so that those which stay held keep none behind them out of sight.
    """
    asked = Pause.objects.filter(session=OuterRef("pk"), status="open")
    approved = Invocation.objects.filter(
        session=OuterRef("pk"),
        status__in=[Invocation.Status.REQUESTED, Invocation.Status.AWAITING],
        approval__status=Approval.Status.APPROVED,
    )
    waiting = Session.objects.filter(status=Session.Status.WAITING)
    return waiting.filter(~Exists(asked) | Exists(approved)).order_by("?")


def _may_go_on(session: Session) -> bool:
    return steering.next_thing(History(session)) not in {Next.PARK, Next.END}
