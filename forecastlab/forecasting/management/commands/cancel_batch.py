from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.forecasting.management.batches import describe, told
from forecastlab.forecasting.services import batches


class Command(ActingCommand):
    help = "Ask a batch to stop; what is judged stays."
    verb = "forecast.issue"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="BATCH")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = batches.find(options["number"], viewer=self.actor)
        batches.cancel(found, by=self.actor, at=timezone.now())
        return told(found, whole=False)

    def describe(self, result: Mapping[str, Any]) -> str:
        return describe(result)
