from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from showcase.management.following import RunCommand
from showcase.services import runs


class Command(RunCommand):
    help = "Let a run that failed or was stopped go on; steps that ended well are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", metavar="RUN")
        parser.add_argument("--from", dest="step", default="", metavar="STEP")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        run = runs.find(options["number"], viewer=self.actor)
        runs.retry(run, step=options["step"], by=self.actor, at=timezone.now())
        return self.told(run, wait=options["wait"])

    def describe(self, result: Mapping[str, Any]) -> str:
        return f"Run {result['run']}: {result.get('status', 'goes on')}"
