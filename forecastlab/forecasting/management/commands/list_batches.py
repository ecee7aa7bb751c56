from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.queries import batch_representations as representations
from forecastlab.lib.commands import add_page


class Command(ActingCommand):
    help = "List batches, newest first."
    verb = "forecast.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dataset", default="", metavar="NAME")
        parser.add_argument("--status", default="", choices=["", *Batch.Status.values])
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        asked = {name: options[name] for name in ("dataset", "status", "limit", "cursor")}
        items, following = representations.listed(self.actor, **asked)
        return {"items": items, "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"{one['batch']:6d}  {one['status']:10s} {one['dataset']:20s} "
            f"{one['completed_items']} of {one['total_items']}"
            for one in result["items"]
        ]
        return "\n".join(lines) or "No batch."
