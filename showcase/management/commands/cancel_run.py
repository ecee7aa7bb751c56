from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.queries import jobs
from showcase.services import runs

NOBODY = "No worker is running. It is cancelled and cleared up as soon as one is back."


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
        waits = {"waits_for": "worker"} if jobs.stops_later(run.job) else {}
        return {"run": run.pk, "status": run.status, **waits}

    def describe(self, result: Mapping[str, Any]) -> str:
        told = f"Run {result['run']}: {result['status']}"
        return f"{told}. {NOBODY}" if "waits_for" in result else told
