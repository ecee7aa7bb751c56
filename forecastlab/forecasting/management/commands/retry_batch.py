from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.forecasting.management.batches import BatchCommand
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.services import batches


class Command(BatchCommand):
    help = "Judge again what failed or was stopped in a batch; what succeeded is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="BATCH")

    def batch(self, options: dict[str, Any]) -> Batch:
        found = batches.find(options["number"], viewer=self.actor)
        return batches.retry(found, by=self.actor, at=timezone.now())
