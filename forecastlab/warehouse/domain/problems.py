"""What an import finds wrong or worth knowing, in words that say where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SHOWN, MOST_TOLD = 20, 8


@dataclass(frozen=True, slots=True)
class Problem:
    """An `error` stops the import; a `note` is only told.

    `places` are the first occurrences: line, column and value.
    """

    level: str
    code: str
    message: str
    count: int = 1
    places: Sequence[Mapping[str, Any]] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "places": [dict(one) for one in self.places]}


def error(
    code: str, message: str, *, count: int = 1, places: Sequence[Mapping[str, Any]] = ()
) -> Problem:
    return Problem("error", code, message, count, tuple(places[:SHOWN]))


def note(
    code: str, message: str, *, count: int = 1, places: Sequence[Mapping[str, Any]] = ()
) -> Problem:
    return Problem("note", code, message, count, tuple(places[:SHOWN]))


def refusal(problems: Sequence[Problem]) -> str:
    """Say what stops the import, the first problems of many, "" when nothing does."""
    errors = [one.message for one in problems if one.level == "error"]
    if not errors:
        return ""
    more = len(errors) - MOST_TOLD
    also = [f"{more} more stand in its report."] if more > 0 else []
    return " ".join([*errors[:MOST_TOLD], *also, "Nothing was loaded."])


def counted(count: int, noun: str) -> str:
    """Return 1 row, 2 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spot(line: int, column: str, value: object) -> dict[str, Any]:
    return {"line": line, "column": column, "value": _shown(value)}


def _shown(value: object) -> str:
    return "" if value is None else str(value)[:80].replace("\x00", "\ufffd")
