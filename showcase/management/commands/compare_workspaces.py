from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from showcase.queries import comparing


class Command(ActingCommand):
    help = "Compare 2 to 100 workspaces: settings, sales, errors, champions and story."
    verb = "workspace.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "names", nargs="+", metavar="NAME", help="run:NUMBER for a run that is not kept"
        )
        parser.add_argument("--all", action="store_true", help="also what does not differ")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = comparing.of(options["names"], viewer=self.actor)
        return comparing.as_json(found, everything=options["all"])

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = []
        for part in ("config", "data", "story"):
            for one in result[part]:
                told = ", ".join(f"{name}: {value}" for name, value in one["values"].items())
                lines.append(f"{one['what']}: {told}")
        for one in result["metrics"]:
            if one["model"] is None and one["metric"] == result["metric"]:
                lines += [
                    f"{one['metric']} of {name}: {value}" for name, value in one["values"].items()
                ]
        for word in ("gained", "lost"):
            for one in result["champions"][word]:
                lines.append(f"{one['workspace']}: {one['model']} {word} {one['series']} series")
        return "\n".join(lines) or "Nothing differs."
