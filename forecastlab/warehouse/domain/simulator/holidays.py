"""The federal holidays of the United States, by rule, and the days of the Christmas trade."""

from __future__ import annotations

from datetime import date, timedelta

_FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
# month, weekday (Monday is 0), which one of the month; -1 is the last.
_THANKSGIVING = (11, 3, 4)
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), _THANKSGIVING)


def of_year(year: int) -> frozenset[date]:
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {_floating(year, *rule) for rule in _FLOATING})


def rush_of_year(year: int) -> tuple[date, date, date, date]:
    """Return Thanksgiving, Black Friday, Christmas Eve and Christmas Day."""
    thanksgiving = _floating(year, *_THANKSGIVING)
    return (
        thanksgiving,
        thanksgiving + timedelta(days=1),
        date(year, 12, 24),
        date(year, 12, 25),
    )


def _floating(year: int, month: int, weekday: int, which: int) -> date:
    if which < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def between(first: date, last: date) -> frozenset[date]:
    years = range(first.year, last.year + 1)
    return frozenset(day for year in years for day in of_year(year) if first <= day <= last)


def rush_between(first: date, last: date) -> dict[date, int]:
    """Return which day of the Christmas trade (0 to 3, as in `rush_of_year`) falls when."""
    years = range(first.year, last.year + 1)
    return {
        day: place
        for year in years
        for place, day in enumerate(rush_of_year(year))
        if first <= day <= last
    }
