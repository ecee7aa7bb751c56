"""Commands that start a job and wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import following


class JobCommand(ActingCommand):
    """Implement `start`, and `outcome`: what is printed of a job that was followed.

    With Ctrl-C the following stops, not the job: `outcome` then gets it as it stands.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def start(self, options: dict[str, Any]) -> Job:
        raise NotImplementedError

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        raise NotImplementedError

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        job = self.start(options)
        if options["no_wait"]:
            return {"job": job.pk}
        return self.outcome(following.follow(job.pk, self.say), options)
