"""From a file to typed rows on disk, whatever its size: read lazily, written as it streams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from forecastlab.warehouse.domain import parsing, problems
from forecastlab.warehouse.domain.formats import FileUnusable
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.parsing import GUESSED, Parsed, Reading
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways import surveying
from forecastlab.warehouse.gateways.files import MOST_ROWS, ROW_NUMBER, Readable
from forecastlab.warehouse.gateways.surveying import Survey
from forecastlab.warehouse.gateways.workplace import Workplace

UNIQUE_ID = "unique_id"
# Columns that a reshaped source adds: whether a row is held back as the last fold's truth, and
# the heading under which the owner of the file finds the row's quantity.
HELD_BACK, HEADING = "__held_back__", "__heading__"


def stage(
    source: Readable, mapping: Mapping, place: Workplace, reading: Reading = GUESSED
) -> list[Problem]:
    """Write the parsed rows to `place.rows` and return what could not be read, or was assumed.

    Columns: line, unique_id, store, product, ds, one number per role and signal, `offset` (in
    minutes, where times say how far they are ahead of UTC) and `held_back` where the source has
    HELD_BACK.
    """
    try:
        survey = surveying.survey(source, mapping, reading)
        columns = parsing.parsed(mapping, source.types, reading, survey.insight)
        _sink(source, survey, columns, place.rows)
        _check_count(source, place.rows)
        unread = _unread(source, survey, columns, place.rows)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise source.unreadable(error) from error
    return [*survey.found, *unread, *source.notes()]


def _sink(source: Readable, survey: Survey, columns: Sequence[Parsed], path: Path) -> None:
    draft = path.with_suffix(".draft")
    values = {one.name: one.value for one in columns}
    keys = [values[one] for one in ("store", "product") if one in values]
    series = values.pop("series", pl.concat_str(keys, separator=":") if keys else None)
    frame = survey.frame.select(
        pl.col(ROW_NUMBER).cast(pl.UInt32).alias("line"),
        series.alias(UNIQUE_ID),  # type: ignore[union-attr]
        values.pop("store", pl.lit(None, dtype=pl.String)).alias("store"),
        values.pop("product", pl.lit(None, dtype=pl.String)).alias("product"),
        *(value.alias(name) for name, value in values.items()),
        *([survey.offset.alias("offset")] if survey.offset is not None else []),
        *([pl.col(HELD_BACK).alias("held_back")] if HELD_BACK in source.types else []),
        *(one.bad.alias(f"bad_{place}") for place, one in enumerate(columns)),
    )
    frame.sink_parquet(draft, compression="lz4")
    draft.replace(path)


def _check_count(source: Readable, path: Path) -> None:
    """Raise FileUnusable for more rows than are read, or none at all."""
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    if rows > MOST_ROWS:
        raise FileUnusable(
            f"'{source.name}' has {rows:,} rows; at most {MOST_ROWS:,} are read.",
            hint="Split it by time and append the parts.",
            field="file",
        )


def _unread(
    source: Readable, survey: Survey, columns: Sequence[Parsed], path: Path
) -> list[Problem]:
    marks = [f"bad_{place}" for place in range(len(columns))]
    counts = pl.scan_parquet(path).select(pl.col(marks).sum()).collect().row(0)
    return [
        _complaint(source, survey, one, count)
        for one, count in zip(columns, counts, strict=True)
        if count
    ]


def _complaint(source: Readable, survey: Survey, one: Parsed, count: int) -> Problem:
    """Read the file again for the first values that could not be used."""
    own = one.name == "quantity" and HEADING in source.types
    heading = pl.col(HEADING) if own else pl.lit(one.column)
    frame = survey.frame.filter(one.bad)
    frame = frame.select(ROW_NUMBER, heading, pl.col(one.column).cast(pl.String).alias("value"))
    places = [problems.spot(*row) for row in frame.head(SHOWN).collect().rows()]
    word = source.line_word.capitalize()
    message = f"{word} {places[0]['line']:,}, column '{places[0]['column']}': "
    message += f"'{places[0]['value']}' {one.complaint}."
    if count > 1:
        message += f" The same goes for {count - 1:,} more values."
    return problems.error(one.code, message, count=count, places=places)
