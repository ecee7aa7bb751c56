"""What apps offer to be started by the clock, in their `schedule_kinds.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.translation import gettext as _

from forecastlab.accounts.domain.roles import VERBS
from forecastlab.lib import registry
from forecastlab.lib.contributions import ScheduleKind
from forecastlab.lib.errors import BadInput


class UnknownScheduleKind(BadInput):
    """Nothing of this kind can be scheduled."""

    code = "unknown_schedule_kind"


def contributed() -> Mapping[str, ScheduleKind]:
    """Return every kind by its name. Raises RegistryError for a second owner or no such verb."""
    found: dict[str, ScheduleKind] = {}
    for label, kind in registry.contributed("schedule_kinds", ScheduleKind):
        if kind.name in found:
            told = f"'{label}' contributes the schedule kind '{kind.name}', which has an owner"
            raise registry.RegistryError(told)
        if kind.verb not in VERBS:
            told = f"the schedule kind '{kind.name}' asks for the verb '{kind.verb}': there is none"
            raise registry.RegistryError(told)
        found[kind.name] = kind
    return found


def find(name: str) -> ScheduleKind:
    kinds = contributed()
    if name not in kinds:
        told = _("Nothing of the kind '%s' can be scheduled.") % name
        known = ", ".join(sorted(kinds)) or _("none")
        raise UnknownScheduleKind(told, hint=_("Known: %s.") % known, field="kind")
    return kinds[name]


def check(**_kwargs: Any) -> list[CheckMessage]:
    """Let the start fail when kinds do not fit together."""
    try:
        contributed()
    except registry.RegistryError as error:
        return [Error(str(error), id="jobs.E002")]
    return []
