"""Whether skills and tools fit together."""

from __future__ import annotations

from agents.domain.skills import SKILLS
from agents.queries import tools


def unknown_tools() -> list[str]:
    """Say which skills may ask for tools that there are not."""
    known = tools.catalogue()
    missing = {
        skill.name: [name for name in skill.tools if name not in known] for skill in SKILLS.values()
    }
    return [
        f"The skill '{skill}' names tools that there are not: {', '.join(names)}."
        for skill, names in missing.items()
        if names
    ]
