from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services.commands import ActingCommand
from showcase.services import runs


class Command(ActingCommand):
    help = "Stop a run; it ends as cancelled once its running step has paused and cleared up."
    verb = "run.stop"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="RUN")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        run = runs.find(options["number"], viewer=self.actor)
        runs.stop(run, by=self.actor, at=timezone.now())
        runs.wait_until_stopped(run)
        return {"run": run.pk, "status": run.status}

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"Run {result['run']}: {result['status']}"
