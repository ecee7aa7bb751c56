"""What people say about schedules: what is started, when, and in whose name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.events.services import log
from forecastlab.jobs.domain.cadences import upcoming as following
from forecastlab.jobs.models import Schedule
from forecastlab.jobs.queries import schedule_kinds
from forecastlab.jobs.services import cadences
from forecastlab.lib import texts
from forecastlab.lib.contributions import Json, NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotFound

VERB = "schedule.set"
LONGEST_NAME = 100


class NoSuchSchedule(NotFound):
    """There is no such schedule."""

    code = "no_such_schedule"


class ScheduleNameTaken(BadInput):
    """Another schedule has this name."""

    code = "schedule_name_taken"


class ScheduleChanged(Conflict):
    """Somebody has changed the schedule meanwhile. Look at it again."""

    code = "schedule_changed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a person says about a schedule."""

    name: str
    kind: str
    cron: str
    time_zone: str = "UTC"
    params: Json = field(default_factory=dict)
    is_enabled: bool = True


def said(schedule: Schedule) -> Wanted:
    """Return what was said last."""
    return Wanted(**{one.name: getattr(schedule, one.name) for one in fields(Wanted)})


def check(wanted: Wanted, *, by: User, at: datetime) -> datetime:
    """Look whether this person could start that now, and return when it would come first.

    Writes nothing. Raises BadInput naming the field, NotFound or NotAllowed.
    """
    access.check(by, VERB)
    texts.check(dict(wanted.params), field="params")
    if not 0 < len(wanted.name.strip()) <= LONGEST_NAME or not wanted.name.isprintable():
        told = _("A name has 1 to %s printable characters.") % LONGEST_NAME
        raise BadInput(told, field="name")
    kind = schedule_kinds.find(wanted.kind)
    access.check(by, kind.verb)
    first = cadences.first(cadences.read(wanted.cron, wanted.time_zone), after=at)
    kind.check(wanted.params, by, at)
    return first


def completed(name: str, told: Mapping[str, Any], *, by: User) -> Wanted:
    """Return what is wanted of a schedule, what is not told being as it was said before.

    `told` names fields of Wanted, and with `set` single parameters; an empty one is left out.
    Raises NoSuchSchedule where there is none yet and its kind is not told.
    """
    earlier = Schedule.objects.visible_to(by).filter(name=name.strip()).first()
    if earlier is None and "kind" not in told:
        hint = _("To make one, say its kind and when.")
        raise NoSuchSchedule(_none(name), hint=hint, field="name")
    before = said(earlier) if earlier else Wanted(name, kind="", cron="")
    plain = {key: value for key, value in told.items() if key != "set"}
    params = {**plain.pop("params", before.params), **told.get("set", {})}
    kept = {key: value for key, value in params.items() if value != ""}
    return replace(before, **plain, params=kept)


def upcoming(wanted: Wanted, *, after: datetime, count: int = 3) -> list[datetime]:
    """Return when it comes next, on its own clock; nothing while it is switched off."""
    if not wanted.is_enabled:
        return []
    cadence = cadences.read(wanted.cron, wanted.time_zone)
    return [one.astimezone(cadence.zone) for one in following(cadence, after, count)]


def put(wanted: Wanted, *, by: User, at: datetime) -> Schedule:
    """Make the schedule of this name, or change the one that there is. Raises as these do."""
    earlier = Schedule.objects.visible_to(by).filter(name=wanted.name.strip()).first()
    return change(earlier, wanted, by=by, at=at) if earlier else create(wanted, by=by, at=at)


def create(wanted: Wanted, *, by: User, at: datetime) -> Schedule:
    """Make a schedule that runs in the name of `by`. Raises as `check`, and ScheduleNameTaken."""
    first = check(wanted, by=by, at=at)
    schedule = Schedule(owner=by, created_at=at)
    with transaction.atomic():
        _set(schedule, wanted, first)
        _save(schedule)
        _tell(schedule, "created", {"kind": schedule.kind}, by=by, at=at)
    return schedule


def change(
    schedule: Schedule, wanted: Wanted, *, by: User, at: datetime, seen: int | None = None
) -> Schedule:
    """Let a schedule be as wanted. Repeating it changes nothing.

    It runs in the name of `by` from now on: of whoever said last what is started, and when. Only
    switching it off leaves it as it is. `seen` is the version that was looked at. Raises as
    `create`, and ScheduleChanged.
    """
    with transaction.atomic():
        held = Schedule.objects.select_for_update(of=("self",)).get(pk=schedule.pk)
        if seen is not None and held.version != seen:
            raise ScheduleChanged
        if said(held) == _tidy(wanted):
            return held
        if is_only_off(held, wanted):
            return _switch_off(held, by=by, at=at)
        return _replace(held, wanted, by=by, at=at)


def switch_off(schedule: Schedule, *, by: User, at: datetime) -> Schedule:
    """Let nothing be started any more until somebody switches it on. Repeating it does nothing."""
    access.check(by, VERB)
    with transaction.atomic():
        held = Schedule.objects.select_for_update(of=("self",)).get(pk=schedule.pk)
        return _switch_off(held, by=by, at=at) if held.is_enabled else held


def find(name: str, *, viewer: User) -> Schedule:
    """Return a schedule that this person may see, by its name; raises NoSuchSchedule."""
    found = Schedule.objects.visible_to(viewer).select_related("owner").filter(name=name).first()
    if found is None:
        raise NoSuchSchedule(_none(name), field="name")
    return found


def _none(name: str) -> str:
    return _("There is no schedule '%s', or not for you.") % name


def _tidy(wanted: Wanted) -> Wanted:
    """Return the same as it is stored."""
    name, cron = wanted.name.strip(), " ".join(wanted.cron.split())
    return replace(wanted, name=name, cron=cron, params=dict(wanted.params))


def is_only_off(schedule: Schedule, wanted: Wanted) -> bool:
    """Say whether nothing is wanted but that a schedule be switched off."""
    return not wanted.is_enabled and said(schedule) == replace(_tidy(wanted), is_enabled=True)


def _values(wanted: Wanted) -> dict[str, Any]:
    return {one.name: getattr(wanted, one.name) for one in fields(wanted)}


def _replace(held: Schedule, wanted: Wanted, *, by: User, at: datetime) -> Schedule:
    before, owner = _values(said(held)), held.owner
    _set(held, wanted, check(wanted, by=by, at=at))
    held.owner, held.last_error = by, ""
    held.version += 1
    _save(held)
    changed = {name: one for name, one in _values(said(held)).items() if one != before[name]}
    told = {"changed": changed} if owner == by else {"changed": changed, "was": owner.username}
    _tell(held, "changed", told, by=by, at=at)
    return held


def _set(schedule: Schedule, wanted: Wanted, first: datetime) -> None:
    for name, value in _values(_tidy(wanted)).items():
        setattr(schedule, name, value)
    schedule.next_at = first if wanted.is_enabled else None


def _save(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError as error:
        told = _("Another schedule is called '%s'.") % schedule.name
        raise ScheduleNameTaken(told, field="name") from error


def _switch_off(held: Schedule, *, by: User, at: datetime) -> Schedule:
    held.is_enabled, held.next_at = False, None
    held.version += 1
    held.save(update_fields=["is_enabled", "next_at", "version"])
    _tell(held, "disabled", {}, by=by, at=at)
    return held


def _tell(
    schedule: Schedule, verb: str, payload: Mapping[str, Any], *, by: User, at: datetime
) -> None:
    event = NewEvent(schedule.stream, f"schedule.{verb}", payload)
    log.append([event], actor_id=by.pk, at=at)
