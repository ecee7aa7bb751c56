"""The slots of a story that the apps fill, and whether they fit together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error

from forecastlab.lib import registry
from forecastlab.lib.contributions import StorySlot
from showcase.domain.workspaces import CONTRIBUTED_SLOTS

MODULE = "story_slots"


def contributed() -> list[StorySlot]:
    return [slot for _app, slot in registry.contributed(MODULE, StorySlot)]


def problems(found: Iterable[tuple[str, StorySlot]]) -> list[CheckMessage]:
    """Name slots that no story has, and those that more than one app fills."""
    contributors: dict[str, list[str]] = {}
    for app, slot in found:
        contributors.setdefault(slot.name, []).append(app)
    known = ", ".join(CONTRIBUTED_SLOTS)
    return [
        Error(
            f"The slot '{name}' of a story is filled by {', '.join(apps)}.",
            hint=f"Apps fill {known}, one app each: look at the story_slots.py of these apps.",
            id="showcase.E005",
        )
        for name, apps in contributors.items()
        if name not in CONTRIBUTED_SLOTS or len(apps) > 1
    ]


def check(**_kwargs: Any) -> list[CheckMessage]:
    return problems(registry.contributed(MODULE, StorySlot))
