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
    "agent.start": _PLANNERS,
    "agent.stop": _PLANNERS | _OPERATORS,
    "agent.view": _ALL,
    "api.read": _ALL,
    "approval.decide": _PLANNERS | {Role.APPROVER},
    "approval.review": frozenset({Role.APPROVER, Role.ADMIN}),
    "approval.view": _ALL,
    "budget.set": frozenset({Role.ADMIN}),
    "control.set": _OPERATORS,
    "dataset.delete": _PLANNERS,
    "dataset.edit": _PLANNERS,
    "dataset.import": _PLANNERS,
    "dataset.view": _ALL,
    "forecast.issue": _PLANNERS,
    "forecast.view": _ALL,
    "freeze.make": frozenset({Role.APPROVER, Role.ADMIN}),
    "home.view": _ALL,
    "job.cancel": _PLANNERS | _OPERATORS,
    "job.view": _ALL,
    "knowledge.add": _PLANNERS,
    "knowledge.delete": _PLANNERS,
    "knowledge.index": _PLANNERS | _OPERATORS,
    "knowledge.read": _ALL,
    "model.promote": _PLANNERS | {Role.APPROVER},
    "ops.view": _ALL,
    "override.make": _PLANNERS,
    "override.view": _ALL,
    "outcome.settle": frozenset({Role.APPROVER, Role.OPERATOR, Role.ADMIN}),
    "people.manage": frozenset({Role.ADMIN}),
    "plan.make": _PLANNERS,
    "plan.view": _ALL,
    "policy.edit": frozenset({Role.ADMIN}),
    "run.start": _PLANNERS,
    "run.stop": _PLANNERS | _OPERATORS,
    "run.view": _ALL,
    "schedule.set": _PLANNERS,
    "schedule.view": _ALL,
    "search.use": _ALL,
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
