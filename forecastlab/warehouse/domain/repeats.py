"""Several rows for one period of a series: the hour that autumn repeats, and true repetitions.

Blocks hold whole series, sorted by `code`, `ds` and `line`, with `t`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from forecastlab.warehouse.domain.problems import SHOWN

REJECT, SUM, LAST = "reject", "sum", "last"
KEY = ("code", "t")
# What several rows of one period add up to: sales are summed, states are averaged or, where one
# row is enough to make them true, the largest counts. What is left is taken from the last row.
_MEANS = ("price", "discount", "stockout_share")
_LARGEST = ("promo", "open", "holiday", "held_back")


@dataclass(frozen=True, slots=True)
class Settled:
    """A block with one row per period, unless repetitions are rejected.

    `turned` are the periods of the repeated hour, `again` those of true repetitions: `code, t,
    rows, lines`, the first lines of each.
    """

    block: pl.DataFrame
    turned: pl.DataFrame
    again: pl.DataFrame


def settle(block: pl.DataFrame, policy: str, hours: Collection[int] | None) -> Settled:
    """Make one row of the rows that share a period.

    `hours` are the periods that clocks show twice, None where periods are no hours: two rows of
    one such period are both true when their offsets from UTC differ, or when there is one of
    each and none says.
    """
    keys = _shared(block)
    if keys.is_empty():
        return Settled(block, keys, keys)
    twice = pl.col("t").is_in(sorted(hours or ())) & (pl.col("rows") == 2)
    known = pl.col("offsets") > 0
    turned = pl.lit(hours is not None) & (
        pl.when(known).then(pl.col("offsets") == pl.col("rows")).otherwise(twice)
    )
    clock, again = keys.filter(turned), keys.filter(~turned)
    block = _merged(block, clock, SUM)
    if policy != REJECT:
        block = _merged(block, again, policy)
    return Settled(block, clock, again)


def _shared(block: pl.DataFrame) -> pl.DataFrame:
    """Return `code, t, rows, lines, offsets` of the periods with more than one row."""
    same = pl.all_horizontal(pl.col(one) == pl.col(one).shift() for one in KEY)
    doubles = block.filter(same).select(KEY).unique()
    away = pl.col("offset") if "offset" in block.columns else pl.lit(None)
    groups = block.join(doubles, on=KEY, how="semi").group_by(KEY)
    found = groups.agg(
        pl.len().cast(pl.UInt32).alias("rows"),
        pl.col("line").bottom_k(SHOWN).sort().alias("lines"),
        away.drop_nulls().n_unique().alias("offsets"),
    )
    return found.sort(KEY)


def _merged(block: pl.DataFrame, keys: pl.DataFrame, policy: str) -> pl.DataFrame:
    if keys.is_empty():
        return block
    several = block.join(keys, on=KEY, how="semi").sort("code", "t", "line")
    groups = several.group_by(KEY, maintain_order=True)
    rest = [one for one in block.columns if one not in KEY]
    rows = groups.agg(_total(one) if policy == SUM else pl.col(one).last() for one in rest)
    alone = block.join(keys, on=KEY, how="anti")
    return pl.concat([alone, rows.select(block.columns).cast(block.schema)]).sort(KEY)


def _total(name: str) -> pl.Expr:
    column = pl.col(name)
    if name == "quantity":
        return pl.when(column.count() > 0).then(column.sum()).alias(name)
    if name in _MEANS or name.startswith("signal_"):
        return column.mean()
    if name in _LARGEST:
        return column.max()
    return column.min() if name == "line" else column.last()
