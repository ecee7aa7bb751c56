from __future__ import annotations

from typing import TypedDict


class State(TypedDict):
    """Which session, and which try at it; everything else is rows."""

    session_id: int
    attempt_id: int
