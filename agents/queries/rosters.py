"""The teams of this installation, from the setting FORECASTLAB_TEAMS."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from agents.domain import rosters
from forecastlab.lib.errors import BadInput


class NoSuchTeam(BadInput):
    """There is no such team."""

    code = "no_such_team"


def teams() -> Mapping[str, str]:
    """Return the group that each team is; raises ValueError where the setting makes no sense."""
    return rosters.read(settings.FORECASTLAB_TEAMS)


def check_team(team: str, *, field: str = "team") -> str:
    """Return the group that `team` is; raises NoSuchTeam, which names those there are."""
    known = teams()
    if team not in known:
        raise NoSuchTeam(
            f"There is no team '{team}'.", field=field, hint=f"Teams: {', '.join(known)}."
        )
    return known[team]
