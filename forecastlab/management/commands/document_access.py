from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from forecastlab import access_table
from forecastlab.lib.commands import HouseCommand

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "reference" / "access.md"


class Command(HouseCommand):
    help = "Write docs/reference/access.md: roles, verbs and the access of every address."

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        DOCUMENT.write_text(access_table.document())
        return {"file": str(DOCUMENT), "addresses": len(access_table.addresses())}
