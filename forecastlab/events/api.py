from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from forecastlab.events import queries
from forecastlab.events.services import access
from forecastlab.events.services.access import by_stream

router = Router(tags=["events"])


class EventOut(Schema):
    seq: int
    kind: str
    payload: Any
    actor: str | None
    at: datetime


class EventPage(Schema):
    """`head` is the stream's last number: ask again while the last event's is below it."""

    stream: str
    head: int
    events: list[EventOut]


@router.get(
    "/streams/{stream}/events",
    response=EventPage,
    url_name="stream-events",
    summary="What happened on a stream after a number",
)
@by_stream
def stream_events(
    request: HttpRequest,
    stream: str,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=queries.PAGE)] = queries.PAGE,
) -> dict[str, Any]:
    access.check(request.user, stream)
    head = queries.head(stream)
    return {
        "stream": stream,
        "head": head,
        "events": queries.data_after(stream, after, limit=limit),
    }
