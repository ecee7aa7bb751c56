"""What a replay is asked beside what was recorded: every input, so that nothing is sent unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.lib import figures
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.models import DatasetVersion
from showcase.models import Workspace
from showcase.queries import inputs
from showcase.services import replaying
from showcase.services.configs import Prepared
from showcase.services.replaying import Asked, Mode

APART = ("simulate", "version", "renamed")


@dataclass(frozen=True, slots=True)
class Input:
    """One input: as recorded, and as an exact and a fresh replay would send it."""

    label: str
    recorded: str
    exact: str
    fresh: str

    @property
    def differs(self) -> bool:
        return not self.recorded == self.exact == self.fresh


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent, or why nothing can be."""

    prepared: Prepared | None
    refusal: str = ""


class Inputs:
    def __init__(self, source: Workspace, *, by: User, at: datetime) -> None:
        self.source = source
        self.exact = _plan(source, Mode.EXACT, by=by, at=at)
        self.fresh = _plan(source, Mode.FRESH, by=by, at=at)

    @cached_property
    def rows(self) -> Sequence[Input]:
        run = self.source.run
        columns = [
            {**_sales(run.version, run.content_hash), **_said(run.config)},
            _sent(self.exact, exact=True),
            _sent(self.fresh, exact=False),
        ]
        labels = dict.fromkeys(label for column in columns for label in column)
        inputs = [
            Input(label, *(one.get(label, figures.UNKNOWN) for one in columns)) for label in labels
        ]
        return [*inputs, *self._around()]

    def _around(self) -> Iterator[Input]:
        none, kept = figures.UNKNOWN, self.source.name
        names = [_keep(one) for one in (self.exact, self.fresh)]
        yield Input(_("Kept as"), kept, *names)
        yield Input(_("Replayed from"), self._source, kept, kept)
        anew, may = _("computed anew"), _("taken over where equal")
        yield Input(_("Results of earlier runs"), may, anew, may)
        yield Input(_("What serves"), none, _("stays as it is"), _("follows what is judged best"))

    @property
    def _source(self) -> str:
        told = self.source.ancestors[-1:]
        return str(told[0]["name"]) if told else figures.UNKNOWN


def _plan(source: Workspace, mode: str, *, by: User, at: datetime) -> Plan:
    try:
        return Plan(replaying.prepare(source, Asked(mode), by=by, at=at))
    except HouseError as error:
        return Plan(None, error.message)


def _keep(plan: Plan) -> str:
    return (plan.prepared.keep if plan.prepared else None) or figures.UNKNOWN


def _sent(plan: Plan, *, exact: bool) -> dict[str, str]:
    found = plan.prepared
    if found is None:
        return {}
    version = found.version
    content = version.content_hash if version else ""
    # What is deleted is confirmed by itself, and nothing is taken over: see the last rows.
    config = {**found.config, "reset": False} if exact and "reset" in found.config else found.config
    return {**_sales(version, content), **_said(config)}


def _sales(version: DatasetVersion | None, content: str) -> dict[str, str]:
    return {
        _("Sales"): version.ref if version else _("simulated when it runs"),
        _("Content of the sales"): figures.short_hash(content) if content else figures.UNKNOWN,
    }


def _said(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of a frozen config, then the world that is simulated."""
    world = config.get("simulate") or {}
    asked = {key: value for key, value in config.items() if key not in APART}
    drawn = {f"{inputs.WORLD}{key}": value for key, value in world.items() if key not in config}
    told = sorted({**asked, **drawn}.items(), key=lambda one: inputs.place(one[0]))
    return {inputs.label(key): inputs.text(value) for key, value in told}
