"""The lives of a batch and of its items, as tables; docs/reference/states.md is made from them."""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, Mapping[str, str]]

BATCH: Table = {
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
ITEM: Table = {
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


class IllegalMove(Exception):
    """A bug: a status was asked to change in a way that its table does not hold."""


def after(table: Table, status: str, move: str) -> str:
    """Return where `move` leads from `status`; raises IllegalMove."""
    if move not in table[status]:
        raise IllegalMove(f"'{move}' is not possible from '{status}'")
    return table[status][move]


def sources(table: Table, move: str) -> list[str]:
    """Return every status from which `move` is possible."""
    return [status for status, moves in table.items() if move in moves]


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
