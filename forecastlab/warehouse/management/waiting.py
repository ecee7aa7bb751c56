from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from forecastlab.jobs.models import Job
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.warehouse.services import outcomes


class LoadingCommand(JobCommand):
    """A command with a job that loads a version."""

    verb = "dataset.import"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="the dataset to load into")

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        return outcomes.result(job)

    def describe(self, result: Mapping[str, Any]) -> str:
        if "rows" not in result:
            return super().describe(result)
        lines = [
            _("%(dataset)s@%(version)s: %(rows)s rows, %(series)s series, %(first)s to %(last)s.")
            % {**result, "rows": f"{result['rows']:,}", "series": f"{result['series']:,}"},
            *(one["message"] for one in result["problems"]),
        ]
        return "\n".join(lines)
