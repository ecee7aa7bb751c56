from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecastlab import health
from forecastlab.lib.commands import HouseCommand


class Command(HouseCommand):
    help = "Look over this installation and say what is wrong with it, and what to do."

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        told = [(check.name, check.check()) for check in health.every_check()]
        findings = [{"check": name, "finding": finding} for name, finding in told if finding]
        return {"ok": not findings, "checks": [name for name, _ in told], "findings": findings}

    def describe(self, result: Mapping[str, Any]) -> str:
        wrong = {one["check"]: one["finding"] for one in result["findings"]}
        return "\n".join(f"{name:18} {wrong.get(name, 'well')}" for name in result["checks"])

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return bool(result["ok"])
