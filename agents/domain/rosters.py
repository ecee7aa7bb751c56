"""The teams that agents may hand work to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def read(entries: Iterable[str]) -> Mapping[str, str]:
    """Return the group of people that each team is, from `team:group` entries.

    `team` alone stands for the group of that name. Raises ValueError with a sentence where an
    entry has no name, or a team is given twice.
    """
    teams: dict[str, str] = {}
    for entry in entries:
        team, _, group = (part.strip() for part in entry.partition(":"))
        if not team:
            raise ValueError(f"The entry '{entry}' names no team.")
        if team in teams:
            raise ValueError(f"The team '{team}' is given twice.")
        teams[team] = group or team
    return teams
