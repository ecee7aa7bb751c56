"""A stream of our own: `thing.*`, read by alice and bob."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from forecastlab.lib import registry
from forecastlab.lib.contributions import EventStream, LiveRegion


@dataclass
class Things:
    """Who may read the streams `thing.*`, and how often their region was drawn."""

    readers: set[str] = field(default_factory=lambda: {"alice", "bob"})
    drawn: int = 0

    def draw(self, key: str) -> str:
        self.drawn += 1
        return f'<p id="thing-{key}-name">{self.drawn}</p>'


@pytest.fixture
def things() -> Iterator[Things]:
    made = Things()
    regions = (LiveRegion("name", "push", lambda key: f"thing-{key}-name", made.draw),)
    stream = EventStream("thing", lambda user, key: user.username in made.readers, regions)
    with registry.contributing("event_streams", stream):
        yield made
