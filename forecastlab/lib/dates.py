"""How dates are written for people: 19 Nov 2026. ISO text is understood."""

from __future__ import annotations

from datetime import date

from django.utils.dateformat import format as dated
from django.utils.translation import gettext as _

from forecastlab.lib import figures


def day(value: date | str | None) -> str:
    """19 Nov 2026; a period number, where there are no dates, as it is."""
    if not value:
        return figures.UNKNOWN
    when = _date(value)
    return dated(when, "j M Y") if when else str(value)


def window(first: str, last: str) -> str:
    """22 Aug to 19 Nov 2026; period numbers, where there are no dates, as they are."""
    begin, end = _date(first), _date(last)
    if begin is None or end is None:
        return f"{first} {_('to')} {last}"
    begun = dated(begin, "j M" if begin.year == end.year else "j M Y")
    return f"{begun} {_('to')} {dated(end, 'j M Y')}"


def _date(value: date | str) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
