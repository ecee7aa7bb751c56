from __future__ import annotations

from forecastlab.knowledge.domain import kinds
from forecastlab.knowledge.domain.extracts import Extract, Limits


def read(content: bytes, limits: Limits) -> Extract:
    """Return the lines of a text as they stand."""
    return Extract(kinds.decoded(content).split("\n"))
