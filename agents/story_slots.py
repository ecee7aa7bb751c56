from __future__ import annotations

from typing import Any

from agents.queries import run_sessions
from forecastlab.lib.contributions import StorySlot, Told


def _tell(told: Told) -> Any:
    return run_sessions.events(told.run_id) or None


APPROVALS = StorySlot("approval_events", _tell)
