"""How the periods of two versions lie to each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forecastlab.warehouse.domain.periods import Calendar


class Misaligned(Exception):
    """The periods of one have no place on the calendar of the other; says why."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """One calendar for both, and what is added to the period numbers of each to be on it."""

    calendar: Calendar
    before: int
    after: int


def align(before: Calendar, after: Calendar) -> Alignment:
    """Return the calendar that begins with the earlier of both; raise Misaligned.

    Months, quarters and years keep the day on which the version before is dated.
    """
    if before.frequency != after.frequency:
        raise Misaligned(f"one holds {before.frequency.noun}s, the other {after.frequency.noun}s")
    if before.epoch is None or after.epoch is None:
        if before.epoch is not after.epoch:
            raise Misaligned("one has dates and the other has only numbers of periods")
        return Alignment(before, 0, 0)
    calendar = replace(before, epoch=min(before.epoch, after.epoch))
    return Alignment(calendar, _lead(calendar, before), _lead(calendar, after))


def _lead(calendar: Calendar, other: Calendar) -> int:
    """Return by how many periods `other` begins later."""
    if other.epoch is None:
        raise ValueError("a calendar without dates cannot be measured")
    lead = calendar.number(other.epoch)
    if calendar.start(lead) != _dated(calendar, other):
        raise Misaligned(
            f"the {other.frequency.noun}s of one do not begin where those of the other do"
        )
    return lead


def _dated(calendar: Calendar, other: Calendar) -> object:
    """Return where the first period of `other` begins, dated as `calendar` dates its own."""
    return replace(other, month_day=calendar.month_day).start(0)
