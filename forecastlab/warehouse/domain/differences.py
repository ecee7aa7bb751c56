"""How two versions of the same sales differ: by row, series and column.

Both sides come as frames of `code` (the series), `t` (a period on one calendar) and their columns.
A value that is unknown on one side and known on the other has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.domain.periods import Calendar

KEY = ("code", "t")
EXAMPLES = 10
SERIES_NAMED = 20
CHANGES = ("added", "changed", "removed")
# How new rows meet those that are there.
REPLACE, APPEND, CORRECT = MODES = ("replace", "append", "correct")


@dataclass(frozen=True, slots=True)
class Names:
    """How columns are called while two sides are compared: a signal by name, not by place."""

    numbers: Sequence[str]
    signals: Sequence[str]

    @property
    def columns(self) -> list[str]:
        return [*self.numbers, *(signal_column(one) for one in self.signals)]


def joined(theirs: Names, ours: Names) -> Names:
    """Return the columns of both; the signals of the second come after those of the first."""
    numbers = {*theirs.numbers, *ours.numbers}
    signals = [*theirs.signals, *(one for one in ours.signals if one not in theirs.signals)]
    return Names([one for one in NUMBERS if one in numbers], signals)


def signal_column(name: str) -> str:
    return f"signal {name}"


def before(column: str) -> str:
    return f"{column} before"


def given(column: str) -> str:
    return f"{column} given"


def after(column: str) -> str:
    return f"{column} after"


def paired(old: pl.DataFrame, new: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return each row of either side once: the key, `was`, `is`, and every column of both."""
    left = old.select(*KEY, pl.lit(value=True).alias("was"), *_side(old, columns, before))
    right = new.select(*KEY, pl.lit(value=True).alias("is"), *_side(new, columns, given))
    found = left.join(right, on=KEY, how="full", coalesce=True)
    return found.with_columns(pl.col("was", "is").fill_null(value=False)).sort(KEY)


def _side(frame: pl.DataFrame, columns: Sequence[str], name: Any) -> list[pl.Expr]:
    have = set(frame.columns)
    return [
        (pl.col(one) if one in have else pl.lit(None, dtype=pl.Float64)).alias(name(one))
        for one in columns
    ]


def merged(
    pairs: pl.DataFrame, columns: Sequence[str], *, carried: Iterable[str], mode: str
) -> pl.DataFrame:
    """Add what each column holds afterwards, and let `is` say which rows there are then.

    In a version that is added to or corrected all rows stay, and a given row speaks for the
    columns that its file carries.
    """
    if mode == REPLACE:
        return pairs.with_columns(pl.col(given(one)).alias(after(one)) for one in columns)
    spoken, fresh = set(carried), pl.col("is") & ~pl.col("was")
    return pairs.with_columns(
        pl.when(pl.col("is") if one in spoken else fresh)
        .then(pl.col(given(one)))
        .otherwise(pl.col(before(one)))
        .alias(after(one))
        for one in columns
    ).with_columns(pl.col("is") | pl.col("was"))


def contradictions(pairs: pl.DataFrame, carried: Iterable[str]) -> pl.DataFrame:
    """Return the rows that are on both sides and do not agree in a carried column."""
    unequal = [pl.col(before(one)).ne_missing(pl.col(given(one))) for one in carried]
    return pairs.filter(pl.col("was") & pl.col("is") & pl.any_horizontal(unequal))


def changed(columns: Sequence[str]) -> pl.Expr:
    """Say of a merged row that was there before whether a column holds something else now."""
    unequal = [pl.col(before(one)).ne_missing(pl.col(after(one))) for one in columns]
    return pl.col("was") & pl.col("is") & pl.any_horizontal(unequal)


def lines(pairs: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return the merged rows that differ: key, `change`, and each column before and after."""
    what = (
        pl.when(~pl.col("was"))
        .then(pl.lit("added"))
        .when(~pl.col("is"))
        .then(pl.lit("removed"))
        .when(changed(columns))
        .then(pl.lit("changed"))
    )
    kept = [name(one) for one in columns for name in (before, after)]
    return pairs.select(*KEY, what.alias("change"), *kept).drop_nulls("change")


@dataclass
class Tally:
    """Counts the differences of one block of whole series after another."""

    columns: Sequence[str]
    calendar: Calendar
    rows: Counter[str] = field(default_factory=Counter)
    by_column: Counter[str] = field(default_factory=Counter)
    series: Counter[str] = field(default_factory=Counter)
    quantity: dict[str, float] = field(default_factory=lambda: {"before": 0.0, "after": 0.0})
    named: dict[str, list[str]] = field(default_factory=lambda: {one: [] for one in CHANGES})
    examples: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {one: [] for one in CHANGES}
    )

    def add(self, pairs: pl.DataFrame, unique_ids: Sequence[str]) -> None:
        """Add merged rows; a code is the place of its series in `unique_ids`."""
        differing = lines(pairs, self.columns)
        self.rows.update(dict(differing["change"].value_counts().rows()))
        self.rows["kept"] += pairs.height - differing.height
        for one in self.columns:
            unequal = pl.col(before(one)).ne_missing(pl.col(after(one)))
            rows = differing.filter(pl.col("change") == "changed")
            self.by_column[one] += rows.select(unequal.sum()).item()
        self.quantity["before"] += float(pairs[before("quantity")].sum())
        self.quantity["after"] += float(pairs.filter("is")[after("quantity")].sum())
        self._series(pairs, unique_ids)
        for change in CHANGES:
            self._examples(change, differing, unique_ids)

    def _series(self, pairs: pl.DataFrame, unique_ids: Sequence[str]) -> None:
        lost = pl.col("was") & ~pl.col("is")
        gained = pl.col("is") & ~pl.col("was")
        per_series = pairs.group_by("code", maintain_order=True).agg(
            pl.col("was", "is").any(), (lost | gained | changed(self.columns)).any().alias("moved")
        )
        what = (
            pl.when(~pl.col("was"))
            .then(pl.lit("added"))
            .when(~pl.col("is"))
            .then(pl.lit("removed"))
            .when("moved")
            .then(pl.lit("changed"))
            .otherwise(pl.lit("kept"))
        )
        told = per_series.select("code", what.alias("change"))
        self.series.update(dict(told["change"].value_counts().rows()))
        for change, names in self.named.items():
            codes = told.filter(pl.col("change") == change)["code"].head(SERIES_NAMED - len(names))
            names += [unique_ids[code] for code in codes]

    def _examples(self, change: str, differing: pl.DataFrame, unique_ids: Sequence[str]) -> None:
        shown = self.examples[change]
        rows = differing.filter(pl.col("change") == change).head(EXAMPLES - len(shown))
        for row in rows.iter_rows(named=True):
            shown.append(
                {
                    "series": unique_ids[row["code"]],
                    "ds": self.calendar.label(row["t"]),
                    "columns": self._values(row),
                }
            )

    def _values(self, row: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return `[before, after]` of each column that moved."""
        pairs = {one: [row[before(one)], row[after(one)]] for one in self.columns}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def as_json(self) -> dict[str, Any]:
        return {
            "comparable": True,
            "rows": {one: self.rows[one] for one in (*CHANGES, "kept")},
            "series": {one: self.series[one] for one in (*CHANGES, "kept")},
            "series_named": self.named,
            "changed_in": {one: count for one, count in self.by_column.items() if count},
            "quantity": self.quantity,
            "examples": self.examples,
        }
