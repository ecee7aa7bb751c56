"""What commands share that set a run going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.services import following
from showcase.models import Run
from showcase.queries import representations


class RunCommand(ActingCommand):
    """Returns job and run at once, or with `--wait` the whole run once it has ended."""

    verb = "run.start"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--wait", action="store_true", help="until the run has ended")

    def told(self, run: Run, *, wait: bool) -> Mapping[str, Any]:
        if not wait:
            return {"job": run.job_id, "run": run.pk}
        following.follow(run.job_id or 0, self.say)
        run.refresh_from_db()
        return representations.whole(run)

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return "status" not in result or bool(result["status"] == Run.Status.SUCCEEDED)
