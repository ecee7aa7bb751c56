from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.jobs.services import outcomes
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.lib import files
from showcase.domain import bundles
from showcase.services import exporting, workspaces


class Command(JobCommand):
    help = "Export a workspace as a signed zip file."
    verb = "workspace.export"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--output", type=Path, metavar="FILE", help="(default: NAME.zip)")
        parser.add_argument("--with", default="", metavar="PARTS", help="models,dataset")
        parser.add_argument("--overwrite", action="store_true", help="replace FILE if it is there")

    def start(self, options: dict[str, Any]) -> Job:
        workspace = workspaces.find(options["name"], viewer=self.actor)
        self._target(options)
        contents = bundles.contents(options["with"])
        return exporting.start(workspace, contents=contents, by=self.actor, at=timezone.now())

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        if not outcomes.is_done(job):
            return {"job": job.pk, "status": job.status}
        bundle, target = exporting.of_job(job), self._target(options)
        with exporting.path(bundle).open("rb") as stream:
            files.copy_whole(stream, target, overwrite=options["overwrite"])
        return {
            "file": str(target),
            "sha256": bundle.digest,
            "bytes": bundle.size,
            "files": bundle.files,
            "bundle": bundle.pk,
        }

    def _target(self, options: dict[str, Any]) -> Path:
        """Return where the file goes, looked at before the work begins."""
        target: Path = options["output"] or Path(bundles.file_name(options["name"]))
        files.check_target(target, overwrite=options["overwrite"])
        return target
