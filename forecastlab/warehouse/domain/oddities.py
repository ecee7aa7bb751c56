"""What is worth knowing of checked sales, and never a reason to refuse or to change them.

Blocks hold whole series, sorted by `code` and `t`, with `line` and `quantity`. Every finding is
a frame of its places, `line, code, t, value`: the first row concerned, and what is said of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import polars as pl

from forecastlab.warehouse.domain.profiles import FAR_OUT, FEWEST_FOR_OUTLIERS

PLACE = ("line", "code", "t", "value")
# Below this many rows nobody wonders that all are alike, or far from each other.
FEWEST_ALIKE, FEWEST_STEPS = 8, 3
SUMS = frozenset(
    {"total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt"}
)


def gaps(block: pl.DataFrame, explained: Collection[int] = ()) -> pl.DataFrame:
    """Return the stretches without rows inside a series: `t` begins one, `value` is its length.

    Single periods in `explained` do not count.
    """
    steps = block.select("line", "code", "t", _step().alias("step")).filter(pl.col("step") > 1)
    begin, length = pl.col("t") - pl.col("step") + 1, (pl.col("step") - 1).cast(pl.Float64)
    found = steps.select("line", "code", begin.alias("t"), length.alias("value"))
    expected = pl.col("t").is_in(sorted(explained)) & (pl.col("value") == 1)
    return found.filter(~expected)


def slower(block: pl.DataFrame) -> pl.DataFrame:
    """Return the series whose rows are never in neighbouring periods; `value` is the least step.

    They may be weekly figures among daily ones.
    """
    steps = block.with_columns(_step().alias("step")).group_by("code", maintain_order=True)
    found = steps.agg(
        pl.first("line", "t"), pl.col("step").min().alias("value"), pl.col("step").count()
    )
    seldom = (pl.col("value") > 1) & (pl.col("step") >= FEWEST_STEPS)
    return found.filter(seldom).select("line", "code", "t", pl.col("value").cast(pl.Float64))


def silent(block: pl.DataFrame) -> pl.DataFrame:
    """Return the series that sell nothing at all; `value` is their number of rows."""
    return _series(block, (pl.col("quantity").fill_null(0) == 0).all())


def constant(block: pl.DataFrame) -> pl.DataFrame:
    """Return the series that sell the same in every one of many rows; `value` is how much."""
    sold = pl.col("quantity")
    alike = (sold.min() == sold.max()) & (sold.max() != 0) & (sold.count() >= FEWEST_ALIKE)
    return _series(block, alike, sold.max())


def late(block: pl.DataFrame) -> pl.DataFrame:
    """Return the series that begin with zeros, more in a row than ever after they first sell.

    `value` is how many. They may not have been on sale yet.
    """
    sold = (pl.col("quantity") != 0).fill_null(value=True)
    block = _beginning_with_zeros(block)
    numbered = block.with_columns(sold.cum_sum().over("code").alias("sales"))
    runs = numbered.filter(pl.col("quantity") == 0).group_by("code", "sales").len()
    before = pl.col("len").filter(pl.col("sales") == 0).sum()
    after = pl.col("len").filter(pl.col("sales") > 0).max().fill_null(0)
    told = runs.group_by("code").agg(before.alias("value"), after.alias("after"))
    totals = numbered.group_by("code").agg(pl.col("sales").max(), pl.first("line", "t"))
    begun = told.join(totals, on="code").filter(
        (pl.col("sales") > 0) & (pl.col("value") > 1) & (pl.col("value") > pl.col("after"))
    )
    return begun.select("line", "code", "t", pl.col("value").cast(pl.Float64))


def _beginning_with_zeros(block: pl.DataFrame) -> pl.DataFrame:
    """Return the series whose first two rows are zeros: few, so that the rest costs nothing."""
    code, zero = pl.col("code"), pl.col("quantity") == 0
    first = (code != code.shift()).fill_null(value=True)
    begun = first & zero & zero.shift(-1) & (code == code.shift(-1))
    codes = block.filter(begun)["code"]
    return block.filter(code.is_in(codes.implode()))


def outliers(block: pl.DataFrame) -> pl.DataFrame:
    """Return the rows far above the upper quartile of their series, of the sales above zero.

    Tukey (1977): "far out" is three quartile distances above the upper quartile; the rule of
    profiles.of_block.
    """
    sold = block.filter(pl.col("quantity") > 0).group_by("code")
    limits = sold.agg(
        pl.len().alias("sales"),
        pl.col("quantity").quantile(0.75).alias("upper"),
        (pl.col("quantity").quantile(0.75) - pl.col("quantity").quantile(0.25)).alias("spread"),
    ).filter((pl.col("sales") >= FEWEST_FOR_OUTLIERS) & (pl.col("spread") > 0))
    limit = (pl.col("upper") + FAR_OUT * pl.col("spread")).alias("limit")
    by_code = np.full(_codes(block), np.inf)
    found = limits.select("code", limit)
    by_code[found["code"].to_numpy()] = found["limit"].to_numpy()
    beyond = block["quantity"].fill_null(0).to_numpy() > by_code[block["code"].to_numpy()]
    return block.filter(pl.Series(beyond)).select(_rows())


def sums(ids: Iterable[str]) -> list[str]:
    """Return the series that are called as if they added up the others."""
    return [one for one in ids if any(part.strip().lower() in SUMS for part in one.split(":"))]


def unknown(block: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without a quantity."""
    return block.filter(pl.col("quantity").is_null()).select(_rows())


def negative(block: pl.DataFrame) -> pl.DataFrame:
    return block.filter(pl.col("quantity") < 0).select(_rows())


def closed(block: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Fill in zero where a shop is known to be closed and no quantity is given.

    Returns the block, the rows that were filled, and the rows that sold although closed.
    """
    if "open" not in block.columns:
        return block, block.select(_rows()).head(0), block.select(_rows()).head(0)
    shut, sold = pl.col("open") == 0, pl.col("quantity")
    empty = block.filter(shut & sold.is_null()).select(_rows())
    odd = block.filter(shut & (sold > 0)).select(_rows())
    filled = pl.when(shut & sold.is_null()).then(0.0).otherwise(sold)
    return block.with_columns(filled.alias("quantity")), empty, odd


def skipped(block: pl.DataFrame, hours: Collection[int]) -> pl.DataFrame:
    """Return the series that have no row for an hour that clocks leave out in spring."""
    spans = block.group_by("code", maintain_order=True).agg(
        pl.first("line"), pl.col("t").min().alias("first"), pl.col("t").max().alias("last")
    )
    wanted = pl.DataFrame({"t": sorted(hours)}, schema={"t": pl.Int32})
    inside = spans.join(wanted, how="cross").filter(
        (pl.col("t") > pl.col("first")) & (pl.col("t") < pl.col("last"))
    )
    missing = inside.join(block.select("code", "t"), on=("code", "t"), how="anti")
    return missing.select("line", "code", "t", pl.lit(1.0).alias("value"))


def _codes(block: pl.DataFrame) -> int:
    """Return one more than the greatest code."""
    greatest = block["code"].max()
    return greatest + 1 if isinstance(greatest, int) else 0


def _step() -> pl.Expr:
    same = pl.col("code") == pl.col("code").shift()
    return pl.when(same).then(pl.col("t") - pl.col("t").shift())


def _rows() -> list[pl.Expr]:
    return [*(pl.col(one) for one in PLACE[:3]), pl.col("quantity").alias("value")]


def _series(block: pl.DataFrame, wanted: pl.Expr, value: pl.Expr | None = None) -> pl.DataFrame:
    told = pl.len() if value is None else value
    found = block.group_by("code", maintain_order=True).agg(
        pl.first("line", "t"), told.cast(pl.Float64).alias("value"), wanted.alias("wanted")
    )
    return found.filter("wanted").select(PLACE)
