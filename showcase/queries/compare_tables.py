"""A comparison as one long table, to take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from showcase.domain.comparison import Line
from showcase.queries.compare_sections import written
from showcase.queries.comparing import Compared

SCHEMA = {
    "part": pl.String,
    "what": pl.String,
    "model": pl.String,
    "workspace": pl.String,
    "value": pl.String,
    "number": pl.Float64,
    "difference": pl.Float64,
    "comparable": pl.Boolean,
}


def frame(found: Compared) -> pl.DataFrame:
    """Return a row for each thing of each run, also those that do not differ.

    `difference` is to the first run, empty where the folds or sales are others.
    """
    rows = [*_lines(found), *_metrics(found), *_champions(found)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _lines(found: Compared) -> Iterator[tuple[Any, ...]]:
    parts = {"config": found.config, "data": found.data, "durations": found.durations}
    for part, lines in {**parts, "story": found.story}.items():
        for line in lines:
            yield from _line(found, part, line)


def _line(found: Compared, part: str, line: Line) -> Iterator[tuple[Any, ...]]:
    for name, reason, value in zip(found.names, found.apart, line.values, strict=True):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        number = float(value) if is_number else None
        text = None if value is None else str(value) if is_number else _whole(value)
        yield (part, line.what, None, name, text, number, None, reason is None)


def _whole(value: Any) -> str:
    """Write a value as it is: lists to their end, hashes in full."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_whole, value))
    return value if isinstance(value, str) else written("", value)


def _metrics(found: Compared) -> Iterator[tuple[Any, ...]]:
    for one in found.metrics:
        told = zip(found.names, found.apart, one.values, one.differences, strict=True)
        for name, reason, value, difference in told:
            model = one.model or None
            yield ("metrics", one.metric, model, name, None, value, difference, reason is None)


def _champions(found: Compared) -> Iterator[tuple[Any, ...]]:
    for what, moves in (("gained", found.gained), ("lost", found.lost)):
        for one in moves:
            name, reason = found.names[one.side], found.apart[one.side]
            count = float(one.series)
            yield ("champions", what, one.model, name, None, count, None, reason is None)
