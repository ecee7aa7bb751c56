from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.lib.commands import HouseCommand
from showcase.services import retention


class Command(HouseCommand):
    help = "Delete old runs that nobody kept, with what they alone have made."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        told = "say what would go and what would stay, and delete nothing"
        parser.add_argument("--dry-run", action="store_true", help=told)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = retention.prune(timezone.now(), dry_run=options["dry_run"])
        return {"ok": True, "dry_run": options["dry_run"], "findings": [asdict(f) for f in found]}

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(_lines(result)) or "No run is old enough to go."


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    for one in result["findings"]:
        goes = ", ".join(f"{count} {kind}" for kind, count in one["goes"].items())
        yield f"run {one['run']} ({one['name']}): {goes or 'stays'}"
        for why in one["stays"]:
            yield f"  stays: {why}"
