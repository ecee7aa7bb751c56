from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab import first_runs
from forecastlab.accounts.services import sign_in_links
from forecastlab.lib.commands import HouseCommand


class Command(HouseCommand):
    help = "Print a link that signs a person in once, within ten minutes, on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", help="planner, approver, operator, admin, viewer, or a name")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        link = sign_in_links.issue(options["user"], at=timezone.now())
        return {"url": first_runs.address(link.path), "expires_at": link.expires_at}

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"{result['url']}\nworks once, until {result['expires_at']:%H:%M} UTC"
