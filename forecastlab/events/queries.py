"""Reading streams."""

from __future__ import annotations

from forecastlab.events.domain.frames import EventData
from forecastlab.events.models import Event, StreamHead

PAGE = 500


def after(stream: str, seq: int, *, limit: int = PAGE) -> list[Event]:
    """Return the events of `stream` that follow number `seq`, oldest first."""
    found = Event.objects.filter(stream=stream, seq__gt=seq).select_related("actor")
    return list(found.order_by("seq")[:limit])


def last(stream: str, kind: str) -> Event | None:
    """Return the newest event of one kind on `stream`, None where there is none."""
    return Event.objects.filter(stream=stream, kind=kind).order_by("-seq").first()


def data_after(stream: str, seq: int, *, limit: int = PAGE) -> list[EventData]:
    """Return the same in the form in which events leave the house."""
    return [_data(event) for event in after(stream, seq, limit=limit)]


def head(stream: str) -> int:
    """Return the number of the last event of `stream`, 0 when there is none."""
    found = StreamHead.objects.filter(stream=stream).values_list("seq", flat=True).first()
    return found or 0


def _data(event: Event) -> EventData:
    return {
        "seq": event.seq,
        "kind": event.kind,
        "payload": event.payload,
        "actor": event.actor.get_username() if event.actor else None,
        "at": event.at.isoformat(),
    }
