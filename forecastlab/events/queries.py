"""Reading streams."""

from __future__ import annotations

from forecastlab.events.models import Event, StreamHead


def after(stream: str, seq: int, *, limit: int = 500) -> list[Event]:
    """Return the events of `stream` that follow number `seq`, oldest first."""
    found = Event.objects.filter(stream=stream, seq__gt=seq).select_related("actor")
    return list(found.order_by("seq")[:limit])


def head(stream: str) -> int:
    """Return the number of the last event of `stream`, 0 when there is none."""
    found = StreamHead.objects.filter(stream=stream).values_list("seq", flat=True).first()
    return found or 0
