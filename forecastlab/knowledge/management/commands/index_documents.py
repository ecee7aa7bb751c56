from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab.accounts.services import access
from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.services import following
from forecastlab.knowledge.queries import outcomes
from forecastlab.knowledge.services import corpus, documents
from forecastlab.knowledge.services.corpus import Sync


class Command(ActingCommand):
    help = "Index the documents of the program, or of a folder, that are new or have changed."
    verb = "knowledge.index"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="a file or folder")
        parser.add_argument("--again", action="store_true", help="what has not changed too")
        parser.add_argument(
            "--readers", action="append", default=[], metavar="GROUP", help="of new documents"
        )
        parser.add_argument("--refit", action="store_true", help="fit all vectors anew")
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = self._sync(options)
        if options["no_wait"] or found.job is None:
            return outcomes.begun(found.job, found.told())
        return outcomes.of(following.follow(found.job.pk, self.say), found.told())

    def _sync(self, options: dict[str, Any]) -> Sync:
        given: dict[str, Any] = {"by": self.actor, "at": timezone.now()}
        given |= {name: options[name] for name in ("again", "refit")}
        if options["path"] is None:
            return corpus.sync_own(**given)
        access.check(self.actor, "knowledge.add")
        readers = documents.readers_named(options["readers"])
        return corpus.sync_folder(options["path"], readers=readers, **given)

    def describe(self, result: Mapping[str, Any]) -> str:
        counts = [f"{result[one]} {one}" for one in outcomes.COUNTS if result[one]]
        said = [", ".join(counts) or "Nothing to index.", result.get("vectors", "")]
        gone = [f"{path}: gone" for path in result["gone"]]
        failures = [f"{one['path']}: {one['detail']}" for one in result["failures"]]
        return "\n".join([*filter(None, said), *gone, *failures])

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return not result["failed"] and result["status"] not in {"failed", "cancelled"}
