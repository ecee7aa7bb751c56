"""What is checked on a block of whole series, sorted by `code` and `ds`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.domain.periods import Calendar, Frequency
from forecastlab.warehouse.domain.problems import SHOWN, Problem

MONDAY_EPOCH = datetime(1970, 1, 5)  # noqa: DTZ001 - wall time has no zone
WEEK = 7 * 24 * 3600
DAY = 24 * 3600


@dataclass
class Rhythm:
    """When the rows are dated; fed block by block. Rows without dates have no rhythm."""

    undated: bool = False
    gaps: Counter[int] = field(default_factory=Counter)
    offsets: Counter[int] = field(default_factory=Counter)
    month_days: set[int] = field(default_factory=set)
    all_month_ends: bool = True
    first: datetime | None = None
    last: datetime | None = None

    def add(self, block: pl.DataFrame) -> None:
        if self.undated:
            return
        same = pl.col("code") == pl.col("code").shift()
        seconds = pl.col("ds").diff().dt.total_seconds()
        counted = block.select(pl.when(same).then(seconds).alias("gap")).drop_nulls()
        self.gaps.update(dict(counted["gap"].value_counts().rows()))
        moments = block.group_by("ds").len()
        since = (pl.col("ds") - MONDAY_EPOCH).dt.total_seconds() % WEEK
        weekly = moments.group_by(since.alias("offset")).agg(pl.col("len").sum())
        self.offsets.update(dict(weekly.rows()))
        ends = moments.select((pl.col("ds").dt.month_end() == pl.col("ds")).all()).item()
        self.all_month_ends = self.all_month_ends and bool(ends)
        self.month_days |= set(moments["ds"].dt.day().to_list())
        earliest, latest = moments["ds"].min(), moments["ds"].max()
        if isinstance(earliest, datetime) and isinstance(latest, datetime):
            self.first = min(self.first or earliest, earliest)
            self.last = max(self.last or latest, latest)

    def calendar(self, frequency: Frequency) -> Calendar:
        """Return the calendar whose period 0 holds the first row, or one without an epoch."""
        if self.undated:
            return Calendar(frequency, None)
        first = self.first or MONDAY_EPOCH
        if not frequency.months:
            return Calendar(frequency, first.replace(minute=0, second=0, microsecond=0))
        only = len(self.month_days) == 1
        day = 31 if self.all_month_ends else (min(self.month_days) if only else 1)
        epoch = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return Calendar(frequency, epoch, day)

    def usual_offset(self, frequency: Frequency) -> int:
        """Return where in its length the frequency's periods usually begin, in seconds."""
        length = frequency.hours * 3600
        folded: Counter[int] = Counter()
        for offset, count in self.offsets.items():
            folded[offset % length] += count
        return max(folded, key=lambda one: (folded[one], -one))


def off_rhythm(block: pl.DataFrame, frequency: Frequency, usual: int) -> pl.DataFrame:
    """Return `line, ds, code` of the rows that no period of this frequency begins with."""
    if frequency.months:
        return block.select("line", "ds", "code").head(0)
    length = frequency.hours * 3600
    since = (pl.col("ds") - MONDAY_EPOCH).dt.total_seconds() % length
    return block.filter(since != usual).select("line", "ds", "code").head(SHOWN)


def with_periods(block: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Add `t`: counted from the epoch, or as it stands in `ds` where there is none."""
    if calendar.epoch is None:
        return block.with_columns(pl.col("ds").cast(pl.Int32).alias("t"))
    epoch, months = calendar.epoch, calendar.frequency.months
    if months:
        elapsed = (pl.col("ds").dt.year() - epoch.year) * 12 + pl.col("ds").dt.month() - epoch.month
        number = elapsed.cast(pl.Int32) // months
    else:
        number = (pl.col("ds") - epoch).dt.total_seconds() // (calendar.frequency.hours * 3600)
    return block.with_columns(number.cast(pl.Int32).alias("t"))


def as_facts(block: pl.DataFrame, signals: int) -> pl.DataFrame:
    """Return the block with the columns and types of the fact table, `code` for the series."""
    have = set(block.columns)
    numbers = [
        (pl.col(name) if name in have else pl.lit(None)).cast(kind).alias(name)
        for name, kind in NUMBERS.items()
    ]
    held_back = pl.col("held_back") if "held_back" in have else pl.lit(value=False)
    places = [pl.col(f"signal_{place}").cast(pl.Float32) for place in range(signals)]
    return block.select("code", "t", *numbers, held_back.alias("held_back"), *places)


def figures(facts: pl.DataFrame) -> dict[str, float]:
    """Count what the pages tell of a block of facts."""
    spans = facts.group_by("code").agg(
        (pl.col("t").max() - pl.col("t").min() + 1 - pl.len()).alias("gaps"),
        (pl.col("quantity").fill_null(0) == 0).all().alias("silent"),
    )
    row = facts.select(
        zeros=(pl.col("quantity") == 0).sum(),
        unknown=pl.col("quantity").null_count(),
        negative=(pl.col("quantity") < 0).sum(),
        quantity=pl.col("quantity").sum(),
        stockout_rows=(pl.col("stockout_share") > 0).sum(),
        stockout_sum=pl.col("stockout_share").sum(),
        stockout_known=pl.col("stockout_share").count(),
    ).row(0, named=True)
    gaps = spans.select(gaps=pl.col("gaps").sum(), gappy_series=(pl.col("gaps") > 0).sum())
    silent = spans.select(silent_series=pl.col("silent").sum())
    return {**row, **gaps.row(0, named=True), **silent.row(0, named=True)}


def mixed_stores(series: pl.DataFrame) -> Problem | None:
    """Complain when one id stands for several stores or products."""
    mixed = series.filter(pl.col("pairs") > 1).sort("unique_id")
    if mixed.is_empty():
        return None
    first = mixed.row(0, named=True)
    return problems.error(
        "mixed_series",
        f"Series '{first['unique_id']}' occurs with {first['pairs']} combinations of store and "
        "product.",
        count=mixed.height,
    )


def quantity_policy(block: pl.DataFrame, returns: str) -> pl.DataFrame:
    """Apply `--returns`: with `missing`, a negative quantity becomes unknown."""
    if returns != "missing":
        return block
    kept = pl.when(pl.col("quantity") >= 0).then(pl.col("quantity"))
    return block.with_columns(kept.alias("quantity"))


def total(parts: list[Mapping[str, float]]) -> dict[str, float]:
    """Add up the figures of the blocks."""
    names = parts[0] if parts else {}
    return {name: sum(one[name] for one in parts) for name in names}
