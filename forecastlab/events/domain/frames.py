"""What live pages are told, over whichever transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

JITTER_ABOVE = 20
JITTER_SECONDS = 2.0


class EventData(TypedDict):
    """An event as the world outside sees it."""

    seq: int
    kind: str
    payload: Any
    actor: str | None
    at: str


class Frame(TypedDict):
    """What a connection is told about one stream.

    following  the subscription stands: `head` is the last number, `ids` what can be pushed
    events     `events` follow number `after`; a client that stands elsewhere has a gap. What
               depends on the viewer should be asked for again, spread over `within` seconds
    regions    `regions` maps element ids to the HTML that replaces them
    beat       nothing new, the connection lives
    refused    the stream is not (any more) the viewer's to read
    """

    type: Literal["following", "events", "regions", "beat", "refused"]
    stream: str
    at: NotRequired[str]
    head: NotRequired[int]
    ids: NotRequired[Sequence[str]]
    after: NotRequired[int]
    events: NotRequired[Sequence[EventData]]
    within: NotRequired[float]
    regions: NotRequired[Mapping[str, str]]
    signed_in: NotRequired[bool]


def jitter(viewers: int) -> float:
    """Return over how many seconds that many viewers should spread their next request."""
    return JITTER_SECONDS if viewers > JITTER_ABOVE else 0.0
