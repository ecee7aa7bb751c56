"""The life of a run, as a table. Its job decides; a run only follows."""

from __future__ import annotations

from forecastlab.lib.moves import IllegalMove, Table

RUN: Table[str] = {
    "queued": {"start": "running", "cancel": "cancelled"},
    "running": {
        "park": "waiting",
        "succeed": "succeeded",
        "fail": "failed",
        "cancel": "cancelled",
        "interrupt": "interrupted",
    },
    "waiting": {"requeue": "queued"},
    "succeeded": {},
    "failed": {"interrupt": "interrupted", "resume": "queued"},
    "cancelled": {"interrupt": "interrupted", "resume": "queued"},
    "interrupted": {},
}
TABLES = {"Run": RUN}


def follow(status: str, to: str) -> str:
    """Return `to` when it may follow `status` or equals it; raises IllegalMove."""
    if to != status and to not in RUN[status].values():
        raise IllegalMove(f"a run cannot go from '{status}' to '{to}'")
    return to
