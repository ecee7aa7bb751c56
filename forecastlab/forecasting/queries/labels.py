"""How periods are written for readers."""

from __future__ import annotations

from django.utils.dateformat import format as dated

from forecastlab.warehouse.domain.periods import Calendar

FORMATS = {
    "H": "D j M, H:i",
    "D": "D j M",
    "W": "j M Y",
    "M": "M Y",
    "Q": "M Y",
    "Y": "Y",
}


def period(calendar: Calendar, t: int) -> str:
    """Return "Fri 20 Nov" for a day, and what fits for other frequencies; else the number."""
    moment = calendar.start(t)
    if moment is None:
        return calendar.label(t)
    return dated(moment, FORMATS[calendar.frequency.value])
