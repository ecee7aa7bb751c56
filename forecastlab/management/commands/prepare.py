from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from forecastlab.accounts.services import people


class Command(BaseCommand):
    help = "Bring database, static files and accounts up to this code; `up` calls it at each start."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
        people.ensure_embedded_accounts()
        collected = _collect_static(Path(settings.STATIC_ROOT))
        if options["json"]:
            self.stdout.write(json.dumps({"collected": collected}))


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
