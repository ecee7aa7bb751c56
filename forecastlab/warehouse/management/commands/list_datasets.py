from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.queries import listing

MOST = 500


class Command(ActingCommand):
    help = "List the datasets that the acting person may see, each with its newest version."
    verb = "dataset.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--search", default="", help="part of the name")
        parser.add_argument("--limit", type=int, default=50, help=f"1 to {MOST} (default 50)")
        parser.add_argument("--cursor", default="", help="`next` of the page before")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        if not 1 <= options["limit"] <= MOST:
            raise BadInput(f"The limit must be from 1 to {MOST}.", field="limit")
        found, following = listing.described(
            self.actor,
            search=options["search"],
            limit=options["limit"],
            cursor=options["cursor"],
        )
        return {"items": found, "next": following or None}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{one['dataset']}@{one['version']}  {one['rows']:,} rows  {one['series']:,} series  "
            f"{one['first']} to {one['last']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No datasets."
