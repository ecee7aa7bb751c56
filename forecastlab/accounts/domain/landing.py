from __future__ import annotations

from collections.abc import Collection

from forecastlab.accounts.domain.roles import Role

HOME = "showcase:home"
_HOME_FIRST = frozenset({Role.PLANNER, Role.VIEWER, Role.ADMIN})
_PLACES = {Role.APPROVER: "agents:approvals", Role.OPERATOR: "tickets:tickets"}


def place(roles: Collection[str]) -> str:
    """Name the page a person with `roles` begins on; its app may not be installed."""
    if _HOME_FIRST.isdisjoint(roles):
        for role, name in _PLACES.items():
            if role in roles:
                return name
    return HOME
