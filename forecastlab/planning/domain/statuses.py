"""The life of a plan, as a table; docs/reference/states.md is made from it."""

from __future__ import annotations

from forecastlab.lib.moves import Table

PLAN: Table[str] = {
    "queued": {"start": "running", "complete": "ready", "fail": "failed"},
    "running": {"start": "running", "complete": "ready", "fail": "failed"},
    "ready": {},
    "failed": {"retry": "queued"},
}
TABLES = {"Plan": PLAN}
