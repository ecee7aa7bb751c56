from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.commands import add_page
from showcase.models import Run
from showcase.queries import workspace_listing, workspace_representations
from showcase.queries.workspace_list import ARCHIVED, NEWEST, SORTS, VIEWS

FILTERS = ("q", "tags", "dataset", "status", "by", "archived", "view", "sort")


class Command(ActingCommand):
    help = "List workspaces, pinned ones first, then the newest."
    verb = "workspace.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        words = "in the name, notes and tags, or the number of the run"
        parser.add_argument("--search", dest="q", metavar="TEXT", default="", help=words)
        parser.add_argument("--tag", dest="tags", metavar="TAG", action="append", default=[])
        parser.add_argument("--dataset", metavar="NAME", default="")
        parser.add_argument("--status", choices=Run.Status.values, default="")
        parser.add_argument("--by", metavar="USER", help="who kept it", default="")
        parser.add_argument("--archived", choices=ARCHIVED, default="")
        parser.add_argument("--view", choices=VIEWS, default="all")
        columns = f"one of {', '.join(SORTS)}; with a minus (--sort=-name) downwards"
        parser.add_argument("--sort", metavar="COLUMN", help=columns, default=NEWEST)
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        wanted = workspace_listing.asked({key: options[key] for key in FILTERS})
        found, following = workspace_listing.listed(
            wanted, viewer=self.actor, limit=options["limit"], cursor=options["cursor"]
        )
        return {
            "items": [workspace_representations.short(one) for one in found],
            "next": following,
        }

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{'*' if one['pinned'] else ' '} {one['workspace']:30s} {one['status']:11s} "
            f"run {one['run']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No workspace."
