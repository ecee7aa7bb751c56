"""A look at the head of an uploaded file: its columns, first values, and what is guessed."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.domain import formats, layouts, mapping, moments, spacing
from forecastlab.warehouse.domain.layouts import LONG
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.domain.parsing import WALL_TIME, Reading
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import files, surveying
from forecastlab.warehouse.gateways.files import Source
from forecastlab.warehouse.services import sources, uploads
from forecastlab.warehouse.services.uploads import Upload

SHOWN_ROWS, GUESSED_ROWS = 4, 2_000
# A page offers no more columns; the command and the API take any number.
MOST_SHOWN = 400
SIGNS = {".": "point", ",": "comma"}


@dataclass(frozen=True, slots=True)
class Look:
    """`samples` are the first values of each heading; `guesses` a word for each empty choice.

    `shape` is what the file is recognised by when another of its kind comes. In a file that is
    not long, `values` are how many columns hold a quantity each, the first and the last of them;
    the others are `keys_only`.
    """

    headings: list[str]
    samples: list[list[str]]
    roles: Dictionary[str, str]
    shape: list[str]
    guesses: Dictionary[str, str] = field(default_factory=dict)
    unshown: int = 0
    keys_only: bool = False
    values: tuple[int, str, str] | None = None


@dataclass(frozen=True)
class _Head:
    """The first rows of a file, in the place of all of them."""

    source: Source
    rows: pl.DataFrame

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def line_word(self) -> str:
        return self.source.line_word

    @property
    def headings(self) -> list[str]:
        return self.source.headings

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        return self.source.types

    def scan(self) -> pl.LazyFrame:
        return self.rows.lazy()

    def notes(self) -> list[Problem]:
        return []

    def unreadable(self, error: Exception) -> Exception:
        return self.source.unreadable(error)


def opened(upload: Upload, options: Options) -> Upload:
    """Open the same file once more, in the encoding that is asked for."""
    return uploads.again(upload.place.token, upload.file_name, encoding=options.encoding)


def look(upload: Upload, options: Options) -> Look:
    """Return what the first rows show when they are read in this way.

    Raises FileUnusable, and MappingUnusable when the file is not laid out as asked.
    """
    source = upload.source
    rows = files.first_rows(source, SHOWN_ROWS)
    if rows.is_empty():  # two columns have one name: the mapping says so
        headings = source.headings[:MOST_SHOWN]
        return Look(headings, [[] for _ in headings], {}, headings)
    layout = sources.layout_of(source, options)
    seen = _long(source, options) if layout == LONG else _wide(source, options, layout)
    guesses = {"layout": layout, **seen.guesses}
    if source.plain.encoding:
        guesses["encoding"] = formats.label(source.plain.encoding)
    return replace(seen, guesses=guesses)


def _long(source: Source, options: Options) -> Look:
    headings = source.headings
    rows = files.first_rows(source, GUESSED_ROWS)
    shown = headings[:MOST_SHOWN]
    roles = {one.column: one.role for one in mapping.guess(headings)}
    guesses = _guesses(_Head(source, rows), options)
    unshown = len(headings) - len(shown)
    return Look(shown, _samples(rows, shown), roles, headings, guesses, unshown=unshown)


def _wide(source: Source, options: Options, layout: str) -> Look:
    """Only the columns beside the values can be something else than a quantity."""
    shape = layouts.shape(layout, source.headings, (), written=options.dates)
    # Thousands of columns of dates tell nothing by their values.
    rows = files.first_rows(source, SHOWN_ROWS if shape.dated else GUESSED_ROWS)
    values = set(shape.values)
    headings = [one for one in source.headings if one not in values]
    shown = headings[:MOST_SHOWN]
    roles = {one.column: one.role for one in shape.keys}
    written = pl.Series("dates", shape.values if shape.dated else _dates_beside(rows, roles))
    return Look(
        shown,
        _samples(rows, shown),
        roles,
        headings,
        _of_dates(written, options),
        unshown=len(headings) - len(shown),
        keys_only=True,
        values=(len(values), shape.values[0], shape.values[-1]) if values else None,
    )


def _samples(rows: pl.DataFrame, headings: list[str]) -> list[list[str]]:
    first = rows.head(SHOWN_ROWS)
    return [["" if one is None else str(one) for one in first[name].to_list()] for name in headings]


def _dates_beside(rows: pl.DataFrame, roles: Dictionary[str, str]) -> list[str]:
    column = next((name for name, role in roles.items() if role == "ds"), "")
    return rows[column].cast(pl.String).drop_nulls().to_list() if column else []


def _of_dates(texts: pl.Series, options: Options) -> dict[str, str]:
    """Return what the dates of a table tell that has each date once."""
    if options.reading.undated:
        return {}
    read = moments.read(texts.cast(pl.String).unique(), options.dates)
    if read.form is None:
        return {}
    gaps = read.table["ds"].drop_nulls().sort().diff().dt.total_seconds().drop_nulls()
    frequency = spacing.guess(dict(gaps.value_counts().rows()))
    return {"dates": read.form.example, **({"frequency": frequency.noun} if frequency else {})}


def _guesses(head: _Head, options: Options) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        resolved = _mapping(head, options)
        survey = surveying.survey(head, resolved, Reading(options.decimal))
    except (HouseError, pl.exceptions.PolarsError):  # the preview says what is wrong
        return found
    signs = {one.decimal for one in survey.insight.numerals.values()}
    found["decimal"] = SIGNS["," if "," in signs else "."]
    if options.reading.undated:
        return found
    column = resolved.column("ds") or ""
    read = moments.read(head.rows[column].cast(pl.String).unique(), options.dates)
    if read.form:
        found["dates"] = read.form.example
    frequency = spacing.guess(_gaps(survey.frame, resolved))
    if frequency:
        found["frequency"] = frequency.noun
    return found


def _mapping(head: _Head, options: Options) -> Mapping:
    return mapping.resolve(
        head.headings,
        [mapping.parse_placed(one) for one in options.placed],
        [mapping.parse_signal(one) for one in options.signals],
        guessing=options.guess,
    )


def _gaps(frame: pl.LazyFrame, resolved: Mapping) -> dict[int, int]:
    """Return how often rows of one series are how many seconds apart."""
    names = [resolved.column(role) for role in ("series", "store", "product")]
    keys = [pl.col(name).cast(pl.String) for name in names if name]
    wall = WALL_TIME in frame.collect_schema()
    moment = pl.col(WALL_TIME if wall else resolved.column("ds") or "")
    apart = (
        frame.select(*keys, moment.cast(moments.MOMENT).alias("moment"))
        .drop_nulls("moment")
        .sort("moment")
        .select(pl.col("moment").diff().over(keys).dt.total_seconds().alias("gap"))
        .drop_nulls()
    )
    return dict(apart.collect()["gap"].value_counts().rows())
