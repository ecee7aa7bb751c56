from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.queries import schedules as queries
from forecastlab.lib.commands import add_page


class Command(ActingCommand):
    help = "List the schedules of the acting person, newest first; the role admin sees all."
    verb = "schedule.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--kind", default="", help="such as agent_session")
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        asked = {name: options[name] for name in ("kind", "limit", "cursor")}
        found, following = queries.listed(self.actor, **asked)
        return {"items": found, "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(queries.line(one) for one in result["items"]) or "No schedules."
