from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.commands import add_page
from forecastlab.warehouse.queries import listing


class Command(ActingCommand):
    help = "List the datasets that the acting person may see, each with its newest version."
    verb = "dataset.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--search", default="", help="part of the name")
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found, following = listing.described(
            self.actor,
            search=options["search"],
            limit=options["limit"],
            cursor=options["cursor"],
        )
        return {"items": found, "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{one['dataset']}@{one['version']}  {one['rows']:,} rows  {one['series']:,} series  "
            f"{one['first']} to {one['last']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No datasets."
