"""Who may do what: the one table of roles and verbs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum


class Role(StrEnum):
    """A role is the Django group of the same name."""

    VIEWER = "viewer"
    PLANNER = "planner"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


_ALL = frozenset(Role)
_PLANNERS = frozenset({Role.PLANNER, Role.ADMIN})
_OPERATORS = frozenset({Role.OPERATOR, Role.ADMIN})

VERBS: Mapping[str, frozenset[Role]] = {
    "account.own": _ALL,
    "api.read": _ALL,
    "dataset.delete": _PLANNERS,
    "dataset.edit": _PLANNERS,
    "dataset.import": _PLANNERS,
    "dataset.view": _ALL,
    "forecast.issue": _PLANNERS,
    "forecast.view": _ALL,
    "home.view": _ALL,
    "job.cancel": _PLANNERS | _OPERATORS,
    "job.view": _ALL,
    "model.promote": _PLANNERS | {Role.APPROVER},
    "ops.view": _ALL,
    "people.manage": frozenset({Role.ADMIN}),
    "run.start": _PLANNERS,
    "run.stop": _PLANNERS | _OPERATORS,
    "run.view": _ALL,
    "workspace.delete": _PLANNERS,
    "workspace.edit": _PLANNERS,
    "workspace.export": _PLANNERS,
    "workspace.import": _PLANNERS,
    "workspace.keep": _PLANNERS,
    "workspace.replay": _PLANNERS,
    "workspace.reset": frozenset({Role.ADMIN}),
    "workspace.view": _ALL,
}


def holds(roles: Collection[str], verb: str) -> bool:
    """Say whether any of `roles` carries `verb`; an unknown verb is a KeyError, never a no."""
    return not VERBS[verb].isdisjoint(roles)
