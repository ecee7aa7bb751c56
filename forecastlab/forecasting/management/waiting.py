from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from django.core.management.base import CommandParser

from forecastlab.forecasting import gateways
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import outcomes
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion


class JudgingCommand(JobCommand):
    """A command with a job over a version, whose result goes to the file of `file_option`."""

    verb = "forecast.issue"
    file_option = ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dataset", required=True, metavar="NAME[@VERSION]")
        parser.add_argument("--horizon", type=int, help="how many periods ahead")

    def judge(self, version: DatasetVersion, options: dict[str, Any]) -> Job:
        """Start the job."""
        raise NotImplementedError

    def finish(self, job: Job, path: Path | None) -> Mapping[str, Any]:
        raise NotImplementedError

    def start(self, options: dict[str, Any]) -> Job:
        version = warehouse.resolve(options["dataset"], self.actor)
        path: Path | None = options[self.file_option]
        if path is not None:
            gateways.check_output(path, self.file_option)
        return self.judge(version, options)

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        if not outcomes.is_done(job):
            return {"job": job.pk, "status": job.status}
        return self.finish(job, options[self.file_option])


def write(path: Path, frame: pl.DataFrame) -> str:
    """Write the frame whole or not at all and return the SHA-256 of the file."""
    return gateways.write_whole(path, gateways.encoded(frame, path.suffix))
