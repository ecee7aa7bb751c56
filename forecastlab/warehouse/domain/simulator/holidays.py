"""The federal holidays of the United States, by rule."""

from __future__ import annotations

from datetime import date, timedelta

_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
# month, weekday (Monday is 0), which one of the month; -1 is the last.
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


def of_year(year: int) -> frozenset[date]:
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {_floating(year, *rule) for rule in _FLOATING})


def _floating(year: int, month: int, weekday: int, which: int) -> date:
    if which < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def between(first: date, last: date) -> frozenset[date]:
    years = range(first.year, last.year + 1)
    return frozenset(day for year in years for day in of_year(year) if first <= day <= last)
