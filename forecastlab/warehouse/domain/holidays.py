"""From the days of a calendar to the periods of a version."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

import polars as pl

from forecastlab.warehouse.domain.periods import Calendar, Frequency

SCHEMA = {"t": pl.Int32, "holiday": pl.Float64}


def by_period(days: Iterable[tuple[date, float]], calendar: Calendar, last: int) -> pl.DataFrame:
    """Return `t, holiday` of the periods up to `last` that hold a day: the largest of its days."""
    found = [(t, value) for day, value in days for t in _periods(day, calendar) if 0 <= t <= last]
    table = pl.DataFrame(found, schema=SCHEMA, orient="row")
    return table.group_by("t").agg(pl.col("holiday").max()).sort("t")


def _periods(day: date, calendar: Calendar) -> range:
    epoch = calendar.epoch
    if epoch is None:
        return range(0)
    since = (day - epoch.date()).days
    match calendar.frequency:
        case Frequency.HOUR:
            first = 24 * since - epoch.hour
            return range(first, first + 24)
        case Frequency.DAY | Frequency.WEEK:
            t = since // (calendar.frequency.hours // 24)
        case _:
            t = calendar.number(datetime.combine(day, time()))
    return range(t, t + 1)
