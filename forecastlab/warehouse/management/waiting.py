from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import following
from forecastlab.warehouse.services import outcomes


class LoadingCommand(ActingCommand):
    """A command that starts a job which loads a version, and waits for it."""

    verb = "dataset.import"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="the dataset to load into")
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def start(self, options: dict[str, Any]) -> Job:
        raise NotImplementedError

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        job = self.start(options)
        if options["no_wait"]:
            return {"job": job.pk}
        return outcomes.result(following.follow(job.pk, self.say))

    def describe(self, result: Mapping[str, Any]) -> str:
        if "rows" not in result:
            return super().describe(result)
        lines = [
            _("%(dataset)s@%(version)s: %(rows)s rows, %(series)s series, %(first)s to %(last)s.")
            % {**result, "rows": f"{result['rows']:,}", "series": f"{result['series']:,}"},
            *(one["message"] for one in result["problems"]),
        ]
        return "\n".join(lines)
