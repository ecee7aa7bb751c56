"""What a version holds of each series, and of all of them together.

Facts come in blocks of whole series, sorted by `code` and `t`, in the columns of
`checks.as_facts`. Quantities are in the units of the file, shares run from 0 to 1, `t` is the
number of a period, and a quantity that is null is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
POINTS = 48
# From this share of a period out of stock on, what was sold says nothing of what was wanted.
STOCKOUT_LIMIT = 9 / 16
# Syntetos, Boylan and Croston (2005), "On the categorization of demand patterns": a demand comes
# seldom from this mean interval on (in periods), its size varies much from this squared
# coefficient of variation on.
SELDOM, ERRATIC = 1.32, 0.49
# Tukey (1977), "Exploratory data analysis": far out is 3 quartile distances above the upper one.
FAR_OUT, FEWEST_FOR_OUTLIERS = 3.0, 8
SEASONS = {"H": (24, 168), "D": (7, 365), "W": (52,), "M": (12,), "Q": (4,), "Y": ()}
LONGEST_INDEX = 168
MOST_TOTALS = 400


def of_block(facts: pl.DataFrame, periods: int) -> pl.DataFrame:
    """Return one row per `code` with the figures of the model SeriesProfile.

    `variation` is the population standard deviation of the known quantities over their mean, null
    where that is not positive. Also `lasting`, the periods at or above STOCKOUT_LIMIT.
    """
    quantity, stockout = pl.col("quantity"), pl.col("stockout_share")
    mean = quantity.mean()
    counted = facts.group_by("code", maintain_order=True).agg(
        rows=pl.len().cast(pl.Int32),
        first=pl.col("t").min(),
        last=pl.col("t").max(),
        zeros=(quantity == 0).sum().cast(pl.Int32),
        unknown=quantity.null_count().cast(pl.Int32),
        negative=(quantity < 0).sum().cast(pl.Int32),
        stockouts=(stockout > 0).sum().cast(pl.Int32),
        lasting=(stockout >= STOCKOUT_LIMIT).sum().cast(pl.Int32),
        quantity=quantity.sum(),
        variation=pl.when(mean > 0).then(quantity.std(ddof=0) / mean),
        constant=(quantity.min() == quantity.max()).fill_null(value=True),
    )
    gaps = (pl.col("last") - pl.col("first") + 1 - pl.col("rows")).alias("gaps")
    line = pl.Series("line", _lines(facts, periods), dtype=pl.Array(pl.Float64, points(periods)))
    told = counted.join(_outliers(facts), on="code", how="left", maintain_order="left")
    return told.with_columns(gaps, line, pl.col("outliers").fill_null(0))


def points(periods: int) -> int:
    """Return the number of equal stretches that a line of this many periods is drawn from."""
    return max(1, min(POINTS, periods))


def _outliers(facts: pl.DataFrame) -> pl.DataFrame:
    """Return `code, outliers`, for each series that has quantities far above its upper quartile.

    Quartiles are those of the quantities above zero.
    """
    quantity = pl.col("quantity")
    sold = facts.lazy().filter(quantity > 0).select("code", "quantity")
    upper, lower = quantity.quantile(0.75), quantity.quantile(0.25)
    fences = (
        sold.group_by("code")
        .agg(upper=upper, spread=upper - lower, sales=pl.len())
        .filter((pl.col("sales") >= FEWEST_FOR_OUTLIERS) & (pl.col("spread") > 0))
        .select("code", fence=pl.col("upper") + FAR_OUT * pl.col("spread"))
    )
    far = sold.join(fences, on="code").filter(quantity > pl.col("fence"))
    return far.group_by("code").agg(pl.len().cast(pl.Int32).alias("outliers")).collect()


def _lines(facts: pl.DataFrame, periods: int) -> Floats:
    """Return the mean quantity of each series in equal stretches of the version, NaN for none."""
    code, width = facts["code"].to_numpy(), points(periods)
    series = np.concatenate([[0], np.cumsum(np.diff(code) != 0)]) if len(code) else code
    place = facts["t"].to_numpy().astype(np.int64) * width // periods
    cell = series.astype(np.int64) * width + place
    count = (int(series[-1]) + 1 if len(series) else 0) * width
    return _means(cell, facts["quantity"], count).reshape(-1, width)


def _means(cell: NDArray[np.int64], values: pl.Series, count: int) -> Floats:
    sums, seen = _sums(cell, values, count)
    means: Floats = np.divide(sums, seen, out=np.full(count, np.nan), where=seen > 0)
    return means


def _sums(cell: NDArray[np.int64], values: pl.Series, count: int) -> tuple[Floats, Floats]:
    numbers = values.to_numpy()
    known = ~np.isnan(numbers)
    sums: Floats = np.bincount(cell[known], numbers[known], count).astype(np.float64)
    return sums, np.bincount(cell[known], minlength=count).astype(np.float64)


# -- all series together -----------------------------------------------------------------------


@dataclass
class Whole:
    """Adds up the profiles of a version, block by block; `result` is plain data for JSON."""

    frequency: str
    periods: int
    totals: Floats = field(init=False)
    seen: Floats = field(init=False)
    parts: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.totals, self.seen = np.zeros(self.periods), np.zeros(self.periods)

    def add(self, facts: pl.DataFrame, profiles: pl.DataFrame) -> None:
        """Add a block of facts and what `of_block` said of it."""
        sums, seen = _sums(facts["t"].to_numpy().astype(np.int64), facts["quantity"], self.periods)
        self.totals += sums
        self.seen += seen
        self.parts.append(profiles.drop("line"))

    def result(self) -> dict[str, Any]:
        """Return the version's figures, seasons, concentration and total sales over time."""
        known = np.where(self.seen > 0, self.totals, np.nan)
        lengths = SEASONS[self.frequency]
        return {
            **_counts(pl.concat(self.parts), 2 * (lengths[0] if lengths else 1)),
            **concentration(pl.concat(one["quantity"] for one in self.parts).to_numpy()),
            "seasons": [one for length in lengths for one in season(known, length)],
            "totals": _stretches(known, lengths[0] if lengths else 1),
        }


def _counts(profiles: pl.DataFrame, two_seasons: int) -> dict[str, int]:
    """Count series by what is special about them."""
    told = with_pattern(profiles)
    has = {name: pl.col(name) > 0 for name in ("unknown", "negative", "stockouts", "outliers")}
    row = told.select(
        **{f"{name}_series": found.sum() for name, found in has.items()},
        outliers=pl.col("outliers").sum(),
        lasting_stockouts=pl.col("lasting").sum(),
        constant_series=(pl.col("constant") & (pl.col("quantity") != 0)).sum(),
        short_series=(pl.col("rows") - pl.col("unknown") < two_seasons).sum(),
        **{name: (pl.col("pattern") == name).sum() for name in PATTERNS},
    )
    return {name: int(count) for name, count in row.row(0, named=True).items()}


PATTERNS = ("smooth", "intermittent", "erratic", "lumpy")


def with_pattern(profiles: pl.DataFrame) -> pl.DataFrame:
    """Add `pattern`, the class of demand by Syntetos, Boylan and Croston (2005), null for none.

    The mean interval between demands is known periods over periods with a quantity other than
    zero. The squared variation of the sizes follows from that of all quantities: with interval p
    and variation v it is (v² + 1) / p - 1.
    """
    known = pl.col("rows") - pl.col("unknown")
    demands = known - pl.col("zeros")
    interval = known / demands
    sizes = (pl.col("variation") ** 2 + 1) / interval - 1
    seldom, erratic = interval >= SELDOM, sizes >= ERRATIC
    pattern = (
        pl.when(demands.eq(0) | pl.col("variation").is_null())
        .then(None)
        .when(seldom & erratic)
        .then(pl.lit("lumpy"))
        .when(seldom)
        .then(pl.lit("intermittent"))
        .when(erratic)
        .then(pl.lit("erratic"))
        .otherwise(pl.lit("smooth"))
    )
    return profiles.with_columns(pattern.alias("pattern"))


def pattern_of(rows: int, unknown: int, zeros: int, variation: float | None) -> str | None:
    """Return the class of demand of one series, as `with_pattern` does for many."""
    one = {"rows": [rows], "unknown": [unknown], "zeros": [zeros], "variation": [variation]}
    told = with_pattern(pl.DataFrame(one, schema_overrides={"variation": pl.Float64}))
    found: str | None = told["pattern"].item()
    return found


def concentration(quantities: Floats) -> dict[str, Any]:
    """Say how the sales of all series are spread over them, best-selling first.

    `top_share`: of the best tenth of the series; `tail_share`: of the lower half; `most_of_it`:
    how many series, at least, make 80 % of all sales. Nothing where nothing was sold.
    """
    sold = np.sort(np.maximum(quantities, 0.0))[::-1]
    whole = float(sold.sum())
    if whole <= 0:
        return {}
    tenth, half = max(1, -(-len(sold) // 10)), len(sold) // 2
    return {
        "top_series": tenth,
        "top_share": float(sold[:tenth].sum()) / whole,
        "tail_series": half,
        "tail_share": float(sold[len(sold) - half :].sum()) / whole,
        "most_of_it": int(np.searchsorted(np.cumsum(sold), 0.8 * whole * (1 - 1e-12)) + 1),
    }


def season(totals: Floats, length: int) -> list[dict[str, Any]]:
    """Return the season of this length in the total sales, nothing where under 3 are known.

    Strength is max(0, 1 - Var(R) / Var(S + R)), 0 to 1, after Hyndman and Athanasopoulos,
    "Forecasting: principles and practice", 3rd edition, section 4.3, with the classical
    decomposition of its section 3.4: the trend is a centred moving average over one season, the
    seasonal part S the mean by position of what it leaves, the remainder R the rest. `index` is
    1 + S over the mean of the totals, one number per position from period 0 on.
    """
    begin, values = _filled(totals)
    if len(values) < 3 * length:
        return []
    weights = np.ones(length) / length
    if length % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    edge = len(weights) // 2
    rest = values[edge : len(values) - edge] - np.convolve(values, weights, "valid")
    place = (np.arange(len(rest)) + edge + begin) % length
    seasonal = np.bincount(place, rest, length) / np.bincount(place, minlength=length)
    seasonal -= seasonal.mean()
    spread = float(np.var(rest))
    strength = max(0.0, 1.0 - float(np.var(rest - seasonal[place])) / spread) if spread else 0.0
    mean = float(values.mean())
    shown = length <= LONGEST_INDEX and mean > 0
    index = [round(1 + float(one) / mean, 4) for one in seasonal] if shown else []
    return [{"length": length, "strength": round(strength, 4), "index": index}]


def _filled(totals: Floats) -> tuple[int, Floats]:
    """Return the first known period and the totals from there to the last known one.

    A straight line is drawn over periods between them that nothing is known of.
    """
    known = np.flatnonzero(~np.isnan(totals))
    if not len(known):
        return 0, totals[:0]
    filled: Floats = np.interp(np.arange(known[0], known[-1] + 1), known, totals[known])
    return int(known[0]), filled


def _stretches(totals: Floats, season_length: int) -> dict[str, Any]:
    """Return total sales per period: each one, or the mean of stretches of whole seasons."""
    width = 1
    if len(totals) > MOST_TOTALS:
        width = season_length * -(-len(totals) // (MOST_TOTALS * season_length))
    starts: Sequence[int] = range(0, len(totals), width)
    parts = [totals[start : start + width] for start in starts]
    means = [None if np.isnan(one).all() else round(float(np.nanmean(one)), 4) for one in parts]
    return {"width": width, "values": means}
