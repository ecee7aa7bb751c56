from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.queries import schedules as queries
from forecastlab.jobs.services import schedules
from forecastlab.lib.errors import BadInput

SAID = ("kind", "cron", "time_zone", "is_enabled")


class Command(ActingCommand):
    help = "Make or change a schedule: what the clock starts in the name of the acting person."
    verb = schedules.VERB

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--kind", help="what is started, such as agent_session")
        parser.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="a parameter of it"
        )
        parser.add_argument("--params", metavar="JSON", help="all of its parameters")
        parser.add_argument("--cron", help="when: '30 6 * * mon'")
        parser.add_argument("--time-zone", metavar="ZONE", help="whose clock counts; UTC")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_const", const=True, dest="is_enabled")
        switch.add_argument("--disable", action="store_const", const=False, dest="is_enabled")
        parser.add_argument("--dry-run", action="store_true", help="only say when it would come")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        now = timezone.now()
        wanted = schedules.completed(options["name"], _told(options), by=self.actor)
        if options["dry_run"]:
            schedules.check(wanted, by=self.actor, at=now)
            shown = {**asdict(wanted), "enabled": wanted.is_enabled, "dry_run": True}
        else:
            shown = queries.described(schedules.put(wanted, by=self.actor, at=now))
        return {**shown, "upcoming": schedules.upcoming(wanted, after=now)}

    def describe(self, result: Mapping[str, Any]) -> str:
        times = [f"  {one:%a %Y-%m-%d %H:%M %Z}" for one in result["upcoming"]]
        return "\n".join([queries.line(result), *times])


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the schedule; what is left out stays."""
    told = {name: options[name] for name in SAID if options[name] is not None}
    if options["params"] is not None:
        told["params"] = _object(options["params"])
    return {**told, "set": _pairs(options["set"])}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput("The parameters are not one JSON object.", field="params")
    return found


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for key, equals, _value in pairs:
        if not key or not equals:
            raise BadInput(f"'{key}' is not of the form KEY=VALUE.", field="set")
    return {key: value for key, _equals, value in pairs}
