"""Lives as tables: from a status, by a named move, to the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Status = TypeVar("Status", bound=str)
Table = Mapping[Status, Mapping[str, Status]]


class IllegalMove(Exception):
    """A bug: a status was asked to change in a way that its table does not hold."""


def after(table: Table[Status], status: str, move: str) -> Status:
    """Return where `move` leads from `status`, or raise IllegalMove."""
    for known, moves in table.items():
        if known == status and move in moves:
            return moves[move]
    raise IllegalMove(f"'{move}' is not possible from '{status}'")


def sources(table: Table[Status], move: str) -> list[Status]:
    """Return every status from which `move` is possible: the condition of a conditional update."""
    return [status for status, moves in table.items() if move in moves]
