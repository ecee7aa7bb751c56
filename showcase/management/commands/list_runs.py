from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.commands import add_page
from showcase.models import Run
from showcase.queries import representations, run_list

FILTERS = ("status", "dataset", "by", "search")


class Command(ActingCommand):
    help = "List runs, newest first."
    verb = "run.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--status", choices=Run.Status.values)
        parser.add_argument("--dataset", metavar="NAME")
        parser.add_argument("--by", metavar="USER", help="who started it")
        parser.add_argument("--search", metavar="TEXT", help="in the name, or the number")
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        filters = {key: options[key] for key in FILTERS if options[key]}
        found, following = run_list.listed(
            self.actor, filters=filters, limit=options["limit"], cursor=options["cursor"]
        )
        return {"items": [representations.short(run) for run in found], "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [f"{one['run']:6d}  {one['status']:10s} {one['name']}" for one in result["items"]]
        return "\n".join(lines) or "No run."
