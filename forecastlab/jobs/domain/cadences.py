"""When something comes again: five fields of cron, on the clock of a time zone.

Where both a day of the month and a day of the week are asked for, either will do, as cron has it.
A time that the clock skips in spring comes as much later as the clock jumps. Of one that comes
twice in autumn the first counts; only what comes in every hour comes in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HOURS = 24
# From one 29 February to the next over the end of a century.
DAYS_AHEAD = 8 * 366 + 1


class BadField(ValueError):
    """A field of an expression cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of an expression may say: numbers, or names where there are some."""

    name: str
    low: int
    high: int
    names: Sequence[str] = ()

    @property
    def count(self) -> int:
        return self.high - self.low + 1

    def check(self, text: str) -> None:
        """Raise BadField, saying why, for what is not `*`, `5`, `1-5`, `*/15` or a list of such."""
        for part in text.split(","):
            whole = re.fullmatch(r"(\*|(?:\w+)(?:-\w+)?)(?:/(\w+))?", part, re.ASCII)
            if whole is None:
                raise BadField(f"'{part}' is not of the form 5, 1-5, * or */15")
            values, step = whole.groups()
            if step is not None:
                self._check_step(part, step, is_many=values == "*" or "-" in values)
            for value in values.split("-") if values != "*" else ():
                self._check_value(value)

    def _check_value(self, value: str) -> None:
        if value.isdecimal() and len(value) <= 2 and self.low <= int(value) <= self.high:
            return
        if value.lower() not in self.names:
            known = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
            raise BadField(f"'{value}' is not from {self.low} to {self.high}{known}")

    def _check_step(self, part: str, step: str, *, is_many: bool) -> None:
        if not (step.isdecimal() and len(step) <= 2 and 1 <= int(step) <= self.count):
            raise BadField(f"the step of '{part}' is not from 1 to {self.count}")
        if not is_many:
            raise BadField(f"'{part}' has a step, but no range such as */5 or 10-50/5")


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 6, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cadence:
    """What an expression says, as numbers; Sunday is 0.

    `is_any_day`, `is_any_weekday`: the field leaves it open, and so the other one alone counts.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool
    zone: ZoneInfo

    def comes_on(self, day: date) -> bool:
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return day.month in self.months and by_day and by_weekday
        return day.month in self.months and (by_day or by_weekday)


def following(cadence: Cadence, after: datetime) -> datetime | None:
    """Return the first moment after `after`, in UTC; None where there is none for eight years."""
    first = after.astimezone(cadence.zone).date() - timedelta(days=1)
    for ahead in range(DAYS_AHEAD):
        day = first + timedelta(days=ahead)
        if cadence.comes_on(day):
            later = [moment for moment in _moments(cadence, day) if moment > after]
            if later:
                return min(later)
    return None


def upcoming(cadence: Cadence, after: datetime, count: int) -> list[datetime]:
    """Return the first `count` moments after `after`, in UTC."""
    found: list[datetime] = []
    while len(found) < count:
        moment = following(cadence, found[-1] if found else after)
        if moment is None:
            break
        found.append(moment)
    return found


def _moments(cadence: Cadence, day: date) -> Iterator[datetime]:
    both = len(cadence.hours) == HOURS
    for hour in cadence.hours:
        for minute in cadence.minutes:
            wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=cadence.zone)
            yield wall.astimezone(UTC)
            again = wall.replace(fold=1)
            if both and again.utcoffset() < wall.utcoffset():  # type: ignore[operator]
                yield again.astimezone(UTC)
