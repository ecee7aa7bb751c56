"""The lives of a batch and of its items, as tables; docs/reference/states.md is made from them."""

from __future__ import annotations

from collections.abc import Mapping

from forecastlab.lib.moves import Table

BATCH: Table[str] = {
    "queued": {"start": "running", "fail": "failed", "cancel": "cancelled"},
    "running": {
        "complete": "completed",
        "part": "partial",
        "fail": "failed",
        "cancel": "cancelled",
    },
    "completed": {},
    "partial": {"retry": "queued"},
    "failed": {"retry": "queued"},
    "cancelled": {"retry": "queued"},
}
ITEM: Table[str] = {
    "queued": {"start": "running", "fail": "failed", "cancel": "cancelled"},
    "running": {
        "start": "running",
        "succeed": "succeeded",
        "fail": "failed",
        "cancel": "cancelled",
        "retry": "queued",
    },
    "succeeded": {},
    "failed": {"retry": "queued"},
    "cancelled": {"retry": "queued"},
}
TABLES = {"Batch": BATCH, "Item of a batch": ITEM}


def verdict(counts: Mapping[str, int], *, cancelled: bool) -> str:
    """Return the move that ends a batch, from the number of its items by status.

    What did not succeed by now will not.
    """
    total, good = sum(counts.values()), counts.get("succeeded", 0)
    if cancelled:
        return "cancel"
    if good == total:
        return "complete"
    return "part" if good else "fail"
