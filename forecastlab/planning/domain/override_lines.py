"""Overrides as a table of lines: what a file may say, and what is wrong with it, line by line.

The columns are `series`, `period`, `override`, `reason` and `revision`; others (such as the
`forecast` that a download has) are left alone. An empty override goes back to the model.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import overrides

NEEDED = ("series", "period", "override")
COLUMNS = ("series", "period", "forecast", "override", "reason", "revision")
MOST_LINES = overrides.MOST_CELLS
MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a line, in words that say what to do."""

    line: int
    what: str

    def as_json(self) -> dict[str, object]:
        return {"line": self.line, "what": self.what}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that can be read. `units` is None for the model's own, `revision` if not told."""

    number: int
    series: str
    period: str
    units: float | None
    reason: str
    revision: int | None


@dataclass(frozen=True, slots=True)
class Lines:
    lines: Sequence[Line]
    wrong: Sequence[Wrong]


def decoded(content: bytes) -> str:
    """Return the text of a file; raises BadInput for one that is too large or no text."""
    if len(content) > MOST_BYTES:
        raise BadInput("The file is larger than 10 MB.", hint="Upload it in parts.", field="file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "The file is no text in UTF-8.", hint="Save it as CSV in UTF-8.", field="file"
        ) from error
    return text


def read(text: str, *, reason: str) -> Lines:
    """Read a file; `reason` holds where a line names none. Raises BadInput where no line can be.

    A semicolon between the columns goes with a comma before decimals, as spreadsheets write both.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = _rows(text, delimiter)
    head = [one.strip().lower() for one in next(rows, [])]
    missing = [one for one in NEEDED if one not in head]
    if missing:
        raise BadInput(
            f"The first line names no column '{missing[0]}'.",
            hint=f"Download the table and keep its first line: {', '.join(COLUMNS)}.",
            field="file",
        )
    twice = [one for one in COLUMNS if head.count(one) > 1]
    if twice:
        raise BadInput(
            f"The first line names the column '{twice[0]}' twice.",
            hint="Leave one of both out.",
            field="file",
        )
    reading = _Reading("," if delimiter == ";" else ".", reason)
    return reading.all(_cells(head, rows))


def said_already(line: int, series: str, period: str) -> BadInput:
    """Return what is wrong with a line where an earlier one is about the same number."""
    return BadInput(
        f"Line {line} says something of {series} on {period} already.",
        hint="Leave one of both out.",
    )


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except csv.Error as error:
        raise BadInput(f"The file is no CSV: {error}.", field="file") from error


def _cells(head: Sequence[str], rows: Iterator[list[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in enumerate(rows, start=2):
        if any(one.strip() for one in row):
            yield number, dict(zip(head, (one.strip() for one in row), strict=False))


class _Reading:
    def __init__(self, decimal: str, reason: str) -> None:
        self._decimal, self._reason = decimal, reason
        self._seen: dict[tuple[str, str], int] = {}

    def all(self, cells: Iterator[tuple[int, dict[str, str]]]) -> Lines:
        lines: list[Line] = []
        wrong: list[Wrong] = []
        for number, cell in cells:
            if len(lines) + len(wrong) >= MOST_LINES:
                raise BadInput(
                    f"The file has more than {MOST_LINES:,} lines.",
                    hint="Leave out lines that stay as they are.",
                    field="file",
                )
            try:
                lines.append(self._line(number, cell))
            except BadInput as error:
                wrong.append(Wrong(number, error.message))
        return Lines(lines, wrong)

    def _line(self, number: int, cell: Mapping[str, str]) -> Line:
        series, period = (self._named(cell, one) for one in ("series", "period"))
        before = self._seen.setdefault((series, period), number)
        if before != number:
            raise said_already(before, series, period)
        written, revision = cell.get("override", ""), cell.get("revision", "")
        units = overrides.read_units(written, decimal=self._decimal) if written else None
        if revision and not (revision.isdecimal() and len(revision) < 10):
            raise BadInput(
                f"'{revision}' is no revision.", hint="Leave the column as it was downloaded."
            )
        reason = cell.get("reason", "")
        return Line(
            number=number,
            series=series,
            period=period,
            units=None if units is None else float(units),
            reason=overrides.read_reason(reason) if reason else self._reason,
            revision=int(revision) if revision else None,
        )

    @staticmethod
    def _named(cell: Mapping[str, str], column: str) -> str:
        value = cell.get(column, "")
        if not value:
            raise BadInput(f"The {column} is missing.", hint="Fill it in, or drop the line.")
        return value
