"""The federal holidays of the United States, by rule, and the days of the Christmas trade."""

from __future__ import annotations

from datetime import date, timedelta

_FIXED = {
    (1, 1): "New Year's Day",
    (6, 19): "Juneteenth",
    (7, 4): "Independence Day",
    (11, 11): "Veterans Day",
    (12, 25): "Christmas Day",
}
# month, weekday (Monday is 0), which one of the month; -1 is the last.
_THANKSGIVING = (11, 3, 4)
_FLOATING = {
    (1, 0, 3): "Martin Luther King Day",
    (2, 0, 3): "Presidents' Day",
    (5, 0, -1): "Memorial Day",
    (9, 0, 1): "Labor Day",
    (10, 0, 2): "Columbus Day",
    _THANKSGIVING: "Thanksgiving",
}
RUSH = ("Thanksgiving", "Black Friday", "Christmas Eve", "Christmas Day")


def of_year(year: int) -> dict[date, str]:
    """Return the holidays of a year with their names."""
    fixed = {date(year, month, day): name for (month, day), name in _FIXED.items()}
    return fixed | {_floating(year, *rule): name for rule, name in _FLOATING.items()}


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


def between(first: date, last: date) -> dict[date, str]:
    """Return the holidays from first to last with their names."""
    named = [one for year in range(first.year, last.year + 1) for one in of_year(year).items()]
    return {day: name for day, name in named if first <= day <= last}


def rush_between(first: date, last: date) -> dict[date, int]:
    """Return which day of the Christmas trade (0 to 3, as in `rush_of_year`) falls when."""
    years = range(first.year, last.year + 1)
    return {
        day: place
        for year in years
        for place, day in enumerate(rush_of_year(year))
        if first <= day <= last
    }
