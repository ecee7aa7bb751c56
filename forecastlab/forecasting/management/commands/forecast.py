from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.forecasting.management.waiting import JudgingCommand, write
from forecastlab.forecasting.services import exports, forecasts
from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion


class Command(JudgingCommand):
    help = "Issue forecasts of every series of a dataset by its champions."
    file_option = "output"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--alias", default="", help="by the champions behind this name")
        parser.add_argument("--output", type=Path, metavar="FILE", help="a .csv or .parquet file")

    def judge(self, version: DatasetVersion, options: dict[str, Any]) -> Job:
        return forecasts.start(
            version,
            horizon=options["horizon"],
            alias=options["alias"],
            by=self.actor,
            at=timezone.now(),
        )

    def finish(self, job: Job, path: Path | None) -> Mapping[str, Any]:
        issue = forecasts.of_job(job)
        told = {
            "dataset": issue.version.ref,
            "issue": issue.pk,
            "alias": issue.alias,
            "horizon": issue.horizon,
            "rows": issue.series_count * issue.horizon,
            "series": issue.series_count,
            "models": issue.champions,
            "without_forecast": issue.without_forecast,
            "without_plan": issue.without_plan,
            "file": None,
            "sha256": None,
        }
        if path is None:
            return told
        return {**told, "sha256": write(path, exports.issued(issue)), "file": str(path)}
