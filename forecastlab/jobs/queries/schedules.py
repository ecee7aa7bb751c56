"""Reading schedules: lists, one as programs read it, and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.jobs.models import Schedule
from forecastlab.lib import cursors

NEWEST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history, with the names that the page of Django's admin reads."""

    action_time: datetime
    user: User | AnonymousUser | None
    get_change_message: str


def described(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as JSON can hold it."""
    return {
        "schedule": schedule.pk,
        "name": schedule.name,
        "kind": schedule.kind,
        "params": schedule.params,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "enabled": schedule.is_enabled,
        "owner": schedule.owner.username,
        "next_at": schedule.next_at,
        "last_due_at": schedule.last_due_at,
        "last_fired_at": schedule.last_fired_at,
        "last_result": schedule.last_result or None,
        "last_error": schedule.last_error,
        "version": schedule.version,
    }


def line(told: Mapping[str, Any]) -> str:
    """Return a schedule as one line for people."""
    state = "on " if told["enabled"] else "off"
    last = told.get("last_error") or (told.get("last_result") or {}).get("ref", "")
    when = f"{told['cron']} ({told['time_zone']})"
    return f"{state}  {told['name']}  {told['kind']}  {when}  {last}".rstrip()


def listed(
    viewer: User, *, kind: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return schedules that this person may see, newest first, and where the next page starts."""
    found = Schedule.objects.visible_to(viewer).select_related("owner")
    found = found.filter(kind=kind) if kind else found
    page, following = cursors.page(found, by="-pk", limit=limit, cursor=cursor)
    return [described(one) for one in page], following


def history(schedule: Schedule) -> list[Entry]:
    """Return what happened to a schedule, the newest first, at most 500 entries."""
    newest = Event.objects.filter(stream=schedule.stream).select_related("actor").order_by("-seq")
    return [Entry(one.at, one.actor, _words(one)) for one in newest[:NEWEST]]


def _words(event: Event) -> str:
    told: Mapping[str, Any] = event.payload
    verb = event.kind.partition(".")[2]
    if verb == "fired":
        said = _("Started %(ref)s, due at %(due)s.") % told
        return f"{said} {told['detail']}".rstrip()
    if verb == "refused":
        return _("Nothing was started at %(due)s: %(reason)s") % told
    if verb == "changed":
        news = ", ".join(f"{name} {value}" for name, value in told["changed"].items())
        owner = _(" It ran in the name of %s before.") % told["was"] if "was" in told else ""
        return _("Set: %s.") % news + owner
    return {"created": _("Made."), "disabled": _("Switched off.")}.get(verb, event.kind)
