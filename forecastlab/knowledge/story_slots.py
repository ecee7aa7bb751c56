from __future__ import annotations

from typing import Any

from forecastlab.knowledge.services import run_steps
from forecastlab.lib.contributions import StorySlot, Told


def _tell(told: Told) -> Any:
    return run_steps.story(told.steps, at=told.at.isoformat())


KNOWLEDGE = StorySlot("knowledge_events", _tell)
