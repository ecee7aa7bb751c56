from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.lib.commands import HouseCommand
from showcase.domain.config import usual_table
from showcase.domain.pipeline import TABLES
from showcase.queries import pipeline


class Command(HouseCommand):
    help = "Print the pipeline's rows in order, and which app contributes each."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--scenario", help="of the rows that a run of this scenario has")
        parser.add_argument(
            "--table", choices=TABLES, help="the usual one of the scenario, if left out"
        )

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        scenario = options["scenario"] or ""
        table = options["table"] or usual_table({"scenario": scenario})
        return pipeline.shown({"table": table, "scenario": scenario})

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(
            f"{index:2d} {step['phase']:10s} {step['name']:22s} {step['contributed_by']}"
            for index, step in enumerate(result["steps"], start=1)
        )
