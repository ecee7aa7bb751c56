"""How any two versions of a dataset differ: kept for a version and its parent, else computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from forecastlab.warehouse.domain import alignment, differences
from forecastlab.warehouse.domain.alignment import Alignment, Misaligned
from forecastlab.warehouse.domain.differences import Names, Tally
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import fact_blocks

# Rows of both versions together, up to which a page waits for them to be compared one by one.
MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Sides:
    """Two versions on one calendar, and all their series in the order of their ids."""

    before: DatasetVersion
    after: DatasetVersion
    aligned: Alignment
    theirs: Names
    ours: Names
    series: pl.DataFrame

    @property
    def columns(self) -> list[str]:
        return [*differences.joined(self.theirs, self.ours).columns, "held_back"]

    @property
    def ids(self) -> list[str]:
        return self.series["unique_id"].to_list()


def between(before: DatasetVersion, after: DatasetVersion) -> dict[str, Any]:
    """Return the difference in the form of `DatasetVersion.difference`.

    Very large versions are compared by series: `rows` is None then.
    """
    if after.parent_id == before.pk and after.difference:
        return dict(after.difference)
    try:
        aligned = alignment.align(before.calendar, after.calendar)
    except Misaligned as error:
        return {"comparable": False, "reason": str(error)}
    sides = _sides(before, after, aligned)
    if before.rows + after.rows > MOST_ROWS:
        return {**_by_series(sides), **_frame_of(sides)}
    tally = Tally(sides.columns, aligned.calendar)
    for pairs in _pairs(sides):
        tally.add(pairs, sides.ids)
    return {**tally.as_json(), **_frame_of(sides)}


def lines(before: DatasetVersion, after: DatasetVersion) -> Iterator[pl.DataFrame]:
    """Yield every row that differs: series, ds, change, and each column before and after.

    Raises Misaligned at once; memory stays that of a block, whatever the size.
    """
    sides = _sides(before, after, alignment.align(before.calendar, after.calendar))
    return _lines(sides)


def _lines(sides: Sides) -> Iterator[pl.DataFrame]:
    names = pl.Series("series", sides.ids, dtype=pl.String)
    calendar = sides.aligned.calendar
    for pairs in _pairs(sides):
        found = differences.lines(pairs, sides.columns)
        periods = found.select(pl.col("t").unique())["t"].to_list()
        dates = pl.DataFrame(
            {"t": periods, "ds": [calendar.label(t) for t in periods]},
            schema={"t": pl.Int32, "ds": pl.String},
        )
        named = found.with_columns(names.gather(found["code"]).alias("series"))
        dated = named.join(dates, on="t", maintain_order="left")
        yield dated.select(
            "series", "ds", "change", pl.exclude("series", "ds", "change", "code", "t")
        )


def _sides(before: DatasetVersion, after: DatasetVersion, aligned: Alignment) -> Sides:
    old = fact_blocks.counted_series(before)
    new = fact_blocks.counted_series(after).rename({"rows": "given_rows", "quantity": "given"})
    both = old.join(new, on=["series_id", "unique_id"], how="full", coalesce=True)
    series = both.sort("unique_id").with_row_index("code")
    theirs, ours = fact_blocks.names_of(before), fact_blocks.names_of(after)
    return Sides(before, after, aligned, theirs, ours, series)


def _pairs(sides: Sides) -> Iterator[pl.DataFrame]:
    counted = sides.series.with_columns(pl.col("rows", "given_rows").fill_null(0))
    for part in fact_blocks.blocks(counted, ["rows", "given_rows"]):
        old = fact_blocks.coded(sides.before, sides.theirs, part, lead=sides.aligned.before)
        new = fact_blocks.coded(sides.after, sides.ours, part, lead=sides.aligned.after)
        pairs = differences.paired(old, new, sides.columns)
        yield differences.merged(pairs, sides.columns, carried=(), mode=differences.REPLACE)


def _by_series(sides: Sides) -> dict[str, Any]:
    what = (
        pl.when(pl.col("rows").is_null())
        .then(pl.lit("added"))
        .when(pl.col("given_rows").is_null())
        .then(pl.lit("removed"))
        .when(
            pl.col("rows").ne_missing(pl.col("given_rows"))
            | pl.col("quantity").ne_missing(pl.col("given"))
        )
        .then(pl.lit("changed"))
        .otherwise(pl.lit("kept"))
    )
    told = sides.series.with_columns(what.alias("change"))
    counts = dict(told["change"].value_counts().rows())
    named = {
        change: told.filter(pl.col("change") == change)["unique_id"]
        .head(differences.SERIES_NAMED)
        .to_list()
        for change in differences.CHANGES
    }
    totals = sides.series.select(pl.col("quantity", "given").sum()).row(0)
    return {
        "comparable": True,
        "rows": None,
        "series": {one: counts.get(one, 0) for one in (*differences.CHANGES, "kept")},
        "series_named": named,
        "changed_in": {},
        "quantity": dict(zip(("before", "after"), totals, strict=True)),
        "examples": {one: [] for one in differences.CHANGES},
    }


def _frame_of(sides: Sides) -> dict[str, Any]:
    """Return when the versions begin and end, and which columns came and went."""
    old, new = sides.theirs.columns, sides.ours.columns
    return {
        "span": {
            "before": [sides.before.first, sides.before.last],
            "after": [sides.after.first, sides.after.last],
        },
        "columns": {
            "added": [one for one in new if one not in old],
            "removed": [one for one in old if one not in new],
        },
    }
