from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from forecastlab import first_runs
from forecastlab.lib.commands import HouseCommand


class Command(HouseCommand):
    help = "Import a file and start a run over it, as `up --dataset-file` does."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--map", action="append", default=[], metavar="ROLE=COLUMN[/NUMBER]")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        run = first_runs.over_file(options["file"], placed=options["map"], say=self.say)
        return {"run": run.pk, "url": first_runs.run_address(run)}

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"The first run has begun: {result['url']}"
