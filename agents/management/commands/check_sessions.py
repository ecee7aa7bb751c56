from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.services import checking
from forecastlab.lib.commands import HouseCommand


class Command(HouseCommand):
    help = "Say whether the rows of all sessions of agents fit together."

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = checking.findings()
        return {"ok": not found, "findings": found}

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(result["findings"]) or "All sessions are in order."

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return bool(result["ok"])
