from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from forecastlab.lib import state_tables
from forecastlab.lib.commands import HouseCommand


class Command(HouseCommand):
    help = "Write docs/reference/states.md: the statuses of every noun and what may follow them."

    def run(self, options: dict[str, Any]) -> dict[str, Any]:
        path = Path(settings.BASE_DIR) / "docs" / "reference" / "states.md"
        path.write_text(state_tables.document())
        return {"file": str(path)}
