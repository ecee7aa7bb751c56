"""What waits for a person, whichever app asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecastlab.accounts.models import User
from forecastlab.accounts.services.access import may
from forecastlab.events import queries as events
from forecastlab.lib import registry
from forecastlab.lib.contributions import Ask, AskSource

MODULE = "asks"
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asks:
    """How much waits, the first of it, where the rest is, and the streams that tell of news.

    `streams` are names with the number of the last event that this answer knows of.
    """

    total: int
    first: Sequence[Ask]
    everything: Sequence[str]
    streams: Sequence[tuple[str, int]]


def waiting_for(viewer: User) -> Asks:
    """Return what waits for a person, the earliest deadline first."""
    sources = [one for _app, one in registry.contributed(MODULE, AskSource)]
    mine = [one for one in sources if may(viewer, one.verb)]
    streams = [(name, events.head(name)) for name in sorted({one.stream for one in mine})]
    found = [one.waiting(viewer, SHOWN) for one in mine]
    asks = sorted((ask for _count, some in found for ask in some), key=lambda one: one.due_at)
    return Asks(
        total=sum(count for count, _some in found),
        first=asks[:SHOWN],
        everything=[
            one.everything() for one, (count, _some) in zip(mine, found, strict=True) if count
        ],
        streams=streams,
    )
