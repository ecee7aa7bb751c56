from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.domain.roles import ROLES
from forecastlab.warehouse.management.waiting import LoadingCommand
from forecastlab.warehouse.services import imports, uploads
from forecastlab.warehouse.services.imports import Options


class Command(LoadingCommand):
    help = "Import a CSV, TSV (plain or gzipped) or Parquet file as the next version of a dataset."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="ROLE=COLUMN[/NUMBER]",
            help=f"which column plays which role, divided by a number; roles: {', '.join(ROLES)}",
        )
        parser.add_argument(
            "--signal",
            action="append",
            default=[],
            metavar="COLUMN:known|observed",
            help="keep a column as a signal, planned ahead or only observed",
        )
        parser.add_argument("--frequency", default="", help="H, D, W, M, Q or Y; else guessed")
        parser.add_argument(
            "--returns", default="keep", help="negative sales: keep, missing, reject"
        )
        parser.add_argument("--layout", default="long", help="long: one row per series and period")

    def start(self, options: dict[str, Any]) -> Job:
        wanted = Options(
            placed=options["map"],
            signals=options["signal"],
            frequency=options["frequency"],
            returns=options["returns"],
            layout=options["layout"],
        )
        imports.check_name(options["name"], by=self.actor)
        wanted.check()
        upload = uploads.receive_path(options["file"])
        try:
            return imports.start(
                options["name"], upload, options=wanted, by=self.actor, at=timezone.now()
            )
        except HouseError:
            upload.place.discard()
            raise
