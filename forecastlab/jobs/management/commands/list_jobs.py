from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.queries import jobs as queries
from forecastlab.lib.commands import add_page


class Command(ActingCommand):
    help = "List the newest jobs that the acting person may see."
    verb = "job.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--status", default="", help="queued, running, waiting, ...")
        parser.add_argument("--kind", default="", help="such as run or import")
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found, following = queries.listed(
            self.actor,
            status=options["status"],
            kind=options["kind"],
            limit=options["limit"],
            cursor=options["cursor"],
        )
        return {"items": [queries.described(job) for job in found], "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{one['job']:>6}  {one['kind']:<12} {one['status']:<10} {one['progress']:>3} %  "
            f"{one['note']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No jobs."
