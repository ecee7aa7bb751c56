from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.jobs.models import Job
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.domain.roles import ROLES
from forecastlab.warehouse.management.waiting import LoadingCommand
from forecastlab.warehouse.services import (
    beside,
    import_profiles,
    imports,
    outcomes,
    previews,
    uploads,
)
from forecastlab.warehouse.services.imports import Asked

OPTIONS = {
    "frequency": "H, D, W, M, Q or Y; else guessed",
    "layout": (
        "long: a row for each series and period; wide: a row for each series and a column for each "
        "date, or the other way round; m4: a row for each series, without dates; else guessed"
    ),
    "mode": "what the file is to the version before: replace it, append to it, or correct it",
    "returns": "negative sales: keep, missing (unknown) or reject",
    "duplicates": "rows of one series and period: reject, sum, or keep the last",
    "encoding": "how the text is encoded, such as windows-1252; else guessed",
    "decimal": "what stands before the decimals: . or ,; else guessed",
    "dates": "day first, month first, period numbers, or a pattern like %%d.%%m.%%Y; else guessed",
    "timezone": "where sales are counted, such as Europe/Berlin: for times with an offset",
}
FILES = {
    "test": "held-back values that continue the series of layout m4: the last fold",
    "stores": "a row for each store: its code, then any attributes",
    "products": "a row for each product: its code, cost, launch_date, any attributes",
    "calendar": "a row for each day: its date, holiday 0 to 1, its name, any attributes",
}


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
        for name, text in OPTIONS.items():
            parser.add_argument(f"--{name}", help=text)
        parser.add_argument(
            "--profile",
            default="",
            metavar="NAME",
            help="begin with an import profile of yours; what else is said goes before it",
        )
        for name, text in FILES.items():
            parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=text)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="read and check the file, say what it would change, store nothing",
        )

    def start(self, options: dict[str, Any]) -> Job:
        said = {name: options[name] for name in OPTIONS if options[name] is not None}
        said |= {"placed": options["map"], "signals": options["signal"]}
        wanted = import_profiles.completed(said, options["profile"], by=self.actor)
        imports.check_name(options["name"], by=self.actor)
        wanted.check()
        upload = uploads.receive_path(options["file"], encoding=wanted.encoding)
        try:
            further = beside.of_paths({name: options[name] for name in FILES})
            wanted = beside.keep(upload, further, wanted)
            begin = previews.start if options["dry_run"] else imports.start
            return begin(options["name"], upload, options=wanted, by=self.actor, at=timezone.now())
        except HouseError:
            upload.place.discard()
            raise

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        if not options["dry_run"]:
            return super().outcome(job, options)
        if job.is_terminal:
            previews.discard(imports.opened(Asked.of(job.params)))
        return outcomes.looked_at(job)

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return bool(result.get("importable", True))

    def describe(self, result: Mapping[str, Any]) -> str:
        if "importable" not in result:
            return super().describe(result)
        nothing = _("Nothing of this file can be stored as it is.")
        would = super().describe({"version": _("next"), **result}) if "rows" in result else nothing
        return "\n".join([would, _("This was a dry run: nothing is stored.")])
