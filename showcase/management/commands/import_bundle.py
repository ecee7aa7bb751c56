from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.accounts.services import access, people
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import outcomes
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.lib.commands import HouseCommand
from forecastlab.lib.errors import HouseError
from showcase.services import importing


class Command(JobCommand):
    """Here `--as` names the workspace, so `--by` says who acts."""

    help = "Import an exported bundle as a workspace; --as gives it another name."
    verb = "workspace.import"

    def add_arguments(self, parser: CommandParser) -> None:
        HouseCommand.add_arguments(self, parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--as", dest="name", default="", metavar="NAME", help="its name here")
        parser.add_argument("--by", dest="as_user", default="", metavar="USER", help="who acts")
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def prepare(self, options: dict[str, Any]) -> None:
        self.actor = people.actor(options["as_user"], field="by")
        access.check(self.actor, self.verb)

    def start(self, options: dict[str, Any]) -> Job:
        received = importing.receive_path(options["file"])
        try:
            return importing.start(received, name=options["name"], by=self.actor, at=timezone.now())
        except HouseError:
            received.discard()
            raise

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        if not outcomes.is_done(job):
            return {"job": job.pk, "status": job.status}
        return importing.result(job)

    def describe(self, result: Mapping[str, Any]) -> str:
        if "workspace" not in result:
            return super().describe(result)
        sales = result["objects"]["dataset"] or _("not here")
        text = _("Kept as '%(workspace)s': run %(run)s, %(steps)s steps. Its sales: %(sales)s.")
        return text % {**result["objects"], "workspace": result["workspace"], "sales": sales}
