"""Reading what people write about when something comes again."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery.schedules import crontab_parser
from django.utils.translation import gettext as _

from forecastlab.jobs.domain.cadences import FIELDS, BadField, Cadence, Field, following
from forecastlab.lib.errors import BadInput

LONGEST = 100
EXAMPLE = "30 6 * * mon"


class BadCadence(BadInput):
    """This says nothing about when."""

    code = "bad_cadence"


def read(cron: str, time_zone: str) -> Cadence:
    """Return what an expression means on the clock of a zone.

    Raises BadCadence, which names `cron` or `time_zone` and says what is wrong with which field.
    """
    fields = cron.split()
    if len(fields) != len(FIELDS) or len(cron) > LONGEST:
        told = _("'%s' does not have five fields.") % cron[:LONGEST]
        hint = _("Minute, hour, day of the month, month, day of the week, such as '%s'.") % EXAMPLE
        raise BadCadence(told, hint=hint, field="cron")
    numbers = [_numbers(*one) for one in zip(FIELDS, fields, strict=True)]
    minutes, hours, days, months, weekdays = numbers
    return Cadence(
        minutes,
        hours,
        days,
        months,
        weekdays,
        is_any_day=fields[2].startswith("*"),
        is_any_weekday=fields[4].startswith("*"),
        zone=_zone(time_zone),
    )


def first(cadence: Cadence, *, after: datetime) -> datetime:
    """Return the first moment after `after`; raises BadCadence where none ever comes."""
    moment = following(cadence, after)
    if moment is None:
        raise BadCadence(_("No day is ever like that."), field="cron")
    return moment


def _numbers(field: Field, text: str) -> frozenset[int]:
    try:
        field.check(text)
    except BadField as error:
        told = _("%(field)s: %(why)s.") % {"field": field.name.capitalize(), "why": error}
        raise BadCadence(told, field="cron") from None
    return frozenset(crontab_parser(field.count, field.low).parse(text))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        told = _("There is no time zone '%s'.") % name
        raise BadCadence(told, hint=_("Such as Europe/Berlin."), field="time_zone") from None
