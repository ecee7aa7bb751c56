from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils import timezone

from forecastlab import first_runs
from forecastlab.accounts.services import people
from forecastlab.knowledge.services import corpus
from forecastlab.lib.commands import HouseCommand
from forecastlab.lib.errors import Unavailable


class Command(HouseCommand):
    help = "Bring database, static files and accounts up to this code; `up` calls it at each start."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--first-run", action="store_true", help="begin a run if none ever was")
        parser.add_argument("--sign-in", action="store_true", help="make a link to sign in with")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
        people.ensure_embedded_accounts()
        return {
            "collected": _collect_static(Path(settings.STATIC_ROOT)),
            "first_run": _first_run() if options["first_run"] else None,
            "documents": _index_documents(),
            "sign_in": first_runs.sign_in_address() if options["sign_in"] else None,
        }


def _first_run() -> str | None:
    run = first_runs.begin()
    return first_runs.run_address(run) if run else None


def _index_documents() -> int | None:
    """Let the program's documents be indexed where they changed; None: nobody can be called now."""
    try:
        return len(corpus.sync_own(by=None, at=timezone.now()).queued)
    except Unavailable:
        return None


def _collect_static(root: Path) -> bool:
    """Collect static files unless those of the last time are still the same."""
    now = _fingerprint([Path(one) for one in settings.STATICFILES_DIRS])
    stamp = root / ".collected"
    if stamp.exists() and stamp.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    stamp.write_text(now)
    return True


def _fingerprint(folders: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(one for folder in folders for one in folder.rglob("*") if one.is_file()):
        found = file.stat()
        digest.update(f"{file}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
