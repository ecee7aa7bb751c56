from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.forecasting import gateways
from forecastlab.forecasting.services import outcomes
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import following
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion


class JudgingCommand(ActingCommand):
    """A command that starts a job over a version and waits for it; `file_option` it then writes."""

    verb = "forecast.issue"
    file_option = ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dataset", required=True, metavar="NAME[@VERSION]")
        parser.add_argument("--horizon", type=int, help="how many periods ahead")
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def start(self, version: DatasetVersion, options: dict[str, Any]) -> Job:
        raise NotImplementedError

    def finish(self, job: Job, path: Path | None) -> Mapping[str, Any]:
        raise NotImplementedError

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        version = warehouse.resolve(options["dataset"], self.actor)
        path: Path | None = options[self.file_option]
        if path is not None:
            gateways.check_output(path, self.file_option)
        job = self.start(version, options)
        if options["no_wait"]:
            return {"job": job.pk}
        job = following.follow(job.pk, self.say)
        if not outcomes.check(job):
            return {"job": job.pk, "status": job.status}
        return self.finish(job, path)


def write(path: Path, frame: pl.DataFrame) -> str:
    """Write the frame whole or not at all and return the SHA-256 of the file."""
    return gateways.write_whole(path, gateways.encoded(frame, path.suffix))
