"""Starting what is due by the clock: once for each due time, whoever else tries or dies."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services import access, people
from forecastlab.events.services import log
from forecastlab.jobs.models import Schedule
from forecastlab.jobs.queries import schedule_kinds
from forecastlab.jobs.services import cadences
from forecastlab.jobs.services.jobs import BrokerDown
from forecastlab.lib import dispatch, sweeps
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import DueTime, NewEvent, Started
from forecastlab.lib.errors import BadInput, HouseError, NotAllowed

logger = logging.getLogger(__name__)

LOCK = "jobs.schedules"
AT_ONCE = 200


def sweep(at: datetime) -> int:
    """Call a worker for every schedule that is due; return how many.

    Each is fired by a task of its own, so that one which breaks holds up no other. A message that
    is lost is sent again by the next sweep.
    """
    with sweeps.alone(LOCK) as first:
        if not first:
            return 0
        due = list(Schedule.objects.due(at).order_by("next_at").values_list("pk", flat=True))
        for number in due[:AT_ONCE]:
            dispatch.enqueue("forecastlab.jobs.tasks.fire_schedule", schedule_id=number)
    return len(due[:AT_ONCE])


def fire(schedule_id: int, *, at: datetime) -> bool:
    """Start what is due; False where nothing is, or somebody was first.

    All due times that were missed are one. The due time, what is started and the event commit
    together. What is refused is recorded, and the next due time tries again; while no worker can
    be called the due time stays as it is.
    """
    schedule = Schedule.objects.due(at).select_related("owner").filter(pk=schedule_id).first()
    if schedule is None:
        return False
    try:
        with transaction.atomic():
            return _fire(schedule, at=at)
    except BrokerDown as error:
        logger.warning("%r waits: %s", schedule.stream, error.message)
        return False


def _fire(schedule: Schedule, *, at: datetime) -> bool:
    due = schedule.next_at
    following, wrong = _following(schedule, at)
    if due is None or not _take(schedule, due, following):
        return False
    try:
        if wrong:
            raise wrong
        with transaction.atomic():
            started = _start(schedule, due, at=at)
    except BrokerDown:
        raise
    except HouseError as error:
        _record_refusal(schedule, due, error, at=at)
    else:
        _record_start(schedule, due, started, at=at)
    barrier("schedule-before-commit")
    return True


def _take(schedule: Schedule, due: datetime, following: datetime | None) -> bool:
    """Take a due time, for one transaction alone: who comes second finds another one."""
    mine = Schedule.objects.filter(
        pk=schedule.pk, version=schedule.version, is_enabled=True, next_at=due
    )
    return bool(mine.update(next_at=following, is_enabled=following is not None, last_due_at=due))


def _following(schedule: Schedule, at: datetime) -> tuple[datetime | None, BadInput | None]:
    """Return when it comes next; where its time zone is gone, why not: it is switched off then."""
    try:
        cadence = cadences.read(schedule.cron, schedule.time_zone)
        return cadences.first(cadence, after=at), None
    except BadInput as error:
        return None, error


def _start(schedule: Schedule, due: datetime, *, at: datetime) -> Started:
    kind = schedule_kinds.find(schedule.kind)
    _check_owner(schedule.owner, kind.verb)
    return kind.start(
        DueTime(
            schedule_id=schedule.pk,
            key=schedule.key(due),
            params=schedule.params,
            by=schedule.owner,
            at=at,
        )
    )


def _check_owner(owner: User, verb: str) -> None:
    if not owner.can_act:
        raise NotAllowed(_("The account of %s is closed.") % owner)
    if not access.may(owner, verb):
        told = _("%(who)s may not do this any more. %(why)s")
        raise NotAllowed(told % {"who": owner, "why": access.refusal(verb)})


def _record_start(schedule: Schedule, due: datetime, started: Started, *, at: datetime) -> None:
    result = {"ref": started.ref, "url": started.url, "detail": started.detail}
    Schedule.objects.filter(pk=schedule.pk).update(
        last_fired_at=at, last_result=result, last_error=""
    )
    _tell(schedule, "fired", {"due": due.isoformat(), **result}, at=at)


def _record_refusal(schedule: Schedule, due: datetime, error: HouseError, *, at: datetime) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(last_error=error.message)
    told = {"due": due.isoformat(), "code": error.code, "reason": error.message}
    _tell(schedule, "refused", told, at=at)


def _tell(schedule: Schedule, verb: str, payload: dict[str, str], *, at: datetime) -> None:
    event = NewEvent(schedule.stream, f"schedule.{verb}", payload)
    log.append([event], actor_id=people.service_actor("clock").pk, at=at)
