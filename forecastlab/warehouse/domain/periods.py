"""Frequencies, and the way between a point in time and its period number.

All times are local wall time without a zone. Period 0 is the one that starts at the epoch.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

MONTHS = {"M": 1, "Q": 3, "Y": 12}


class Frequency(StrEnum):
    HOUR = "H"
    DAY = "D"
    WEEK = "W"
    MONTH = "M"
    QUARTER = "Q"
    YEAR = "Y"

    @property
    def noun(self) -> str:
        return self.name.lower()

    @property
    def months(self) -> int:
        """Return the length in months, 0 where the length is fixed in hours."""
        return MONTHS.get(self.value, 0)

    @property
    def hours(self) -> int:
        return {"H": 1, "D": 24, "W": 168}.get(self.value, 0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods of a version. Without an epoch there are no dates, only numbers.

    `month_day` is the day on which monthly, quarterly and yearly periods are dated, clamped to
    the end of short months: 31 means "the last day".
    """

    frequency: Frequency
    epoch: datetime | None
    month_day: int = 1

    def start(self, t: int) -> datetime | None:
        """Return when period `t` is dated, None where there are no dates."""
        if self.epoch is None:
            return None
        if not self.frequency.months:
            return self.epoch + timedelta(hours=self.frequency.hours * t)
        months = self.epoch.year * 12 + self.epoch.month - 1 + self.frequency.months * t
        year, month = divmod(months, 12)
        day = min(self.month_day, monthrange(year, month + 1)[1])
        return datetime.combine(date(year, month + 1, day), time())

    def number(self, moment: datetime) -> int:
        """Return the period that holds `moment`; needs an epoch."""
        if self.epoch is None:
            raise ValueError("this calendar has no dates")
        if not self.frequency.months:
            return (moment - self.epoch) // timedelta(hours=self.frequency.hours)
        months = (moment.year - self.epoch.year) * 12 + moment.month - self.epoch.month
        return months // self.frequency.months

    def label(self, t: int) -> str:
        """Return the ISO date of period `t` (with the hour for hourly data), else its number."""
        moment = self.start(t)
        if moment is None:
            return str(t)
        if self.frequency is Frequency.HOUR:
            return moment.isoformat(timespec="minutes")
        return moment.date().isoformat()
