"""Features of what was sold, measured by the level of the series."""

from __future__ import annotations

import numpy as np

from forecastlab.forecasting.domain.frames.columns import Columns, Safety, Values
from forecastlab.forecasting.domain.frames.fixed import YEARS
from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Source, at
from forecastlab.forecasting.domain.observed import mean_seen, quotient
from forecastlab.forecasting.domain.panel import Floats

LAGS = (0, 1, 2, 3)
SEASONS, MORE_SEASONS = 4, 8


def _all(names: list[str]) -> Columns:
    return dict.fromkeys(names, Safety.CONDITIONALLY_SAFE)


class TargetHistory:
    """Single sales: the last ones, and those of the same place in the last seasons."""

    name = "target_history"

    def columns(self, layout: Layout) -> Columns:
        seasonal = ["season_last", "season_mean"] if layout.season > 1 else []
        return _all([*(f"lag_{lag}" for lag in LAGS), *seasonal, "log_level"])

    def values(self, source: Source, cells: Cells) -> Values:
        level = source.level(cells)
        lags = (at(source.sold.values, cells.origin - lag, cells.series) / level for lag in LAGS)
        found = {f"lag_{lag}": one for lag, one in zip(LAGS, lags, strict=True)}
        if source.layout.season > 1:
            seasons = _seasons(source, cells, SEASONS) / level
            found |= {"season_last": seasons[0], "season_mean": mean_seen(seasons)}
        return found | {"log_level": np.log(level)}


def _seasons(source: Source, cells: Cells, count: int) -> Floats:
    """Return the sales at the place of the target in the last seasons, the newest first."""
    season = source.layout.season
    newest = cells.target - season * -(-cells.step // season)
    rows = newest - season * np.arange(count)[:, None]
    return at(source.sold.values, rows, cells.series).astype(np.float64)


class Rolling:
    """Means over windows, the spread, and how often nothing was sold.

    The mean over the third window is what the others are measured by.
    """

    name = "rolling"

    def columns(self, layout: Layout) -> Columns:
        short, middle, _level, long = layout.windows
        means = [f"mean_{one}" for one in (short, middle, long)]
        return _all([*means, "spread", "zero_share"])

    def values(self, source: Source, cells: Cells) -> Values:
        windows, level = source.layout.windows, source.level(cells)
        means = {f"mean_{one}": source.usual(cells, one) / level for one in windows}
        usual = source.usual(cells, windows[2])
        square = source.sold.squares.mean(cells.origin, cells.series, windows[2])
        return means | {
            "spread": np.sqrt(np.maximum(square - usual**2, 0.0)) / level,
            "zero_share": source.sold.zeros.mean(cells.origin, cells.series, windows[2]),
        }


class Trend:
    """How the last windows compare with those before them."""

    name = "trend"

    def columns(self, layout: Layout) -> Columns:
        return _all(["change_short", "change_long"])

    def values(self, source: Source, cells: Cells) -> Values:
        windows, level = source.layout.windows, source.level(cells)

        def change(window: int) -> Floats:
            before = source.sold.sales.mean(cells.origin - window, cells.series, window)
            changed: Floats = (source.usual(cells, window) - before) / level
            return changed

        return {"change_short": change(windows[0]), "change_long": change(windows[2])}


class Lifecycle:
    """How long a series has been sold, and whether it still is.

    Ages end at the third window: beyond it they would only say which date it is, and trees would
    learn the dates by heart.
    """

    name = "lifecycle"

    def columns(self, layout: Layout) -> Columns:
        return _all(["age", "since_last_sale"])

    def values(self, source: Source, cells: Cells) -> Values:
        sold = at(source.told.last_sold, cells.origin, cells.series)
        began = source.told.began[cells.series]
        age = np.where(began <= cells.origin, cells.target - began, np.nan)
        oldest = source.layout.windows[2]
        return {
            "age": np.minimum(age, oldest),
            "since_last_sale": np.minimum(cells.origin - sold, oldest),
        }


class SamePlace:
    """Sales at the place of the target in more seasons, how they vary, and those of a year ago."""

    name = "same_place"

    def columns(self, layout: Layout) -> Columns:
        if layout.season == 1:
            return {}
        year = ["season_year_ago"] if _year_ago(layout) else []
        return _all([f"season_mean_{MORE_SEASONS}", "season_spread", *year])

    def values(self, source: Source, cells: Cells) -> Values:
        if source.layout.season == 1:
            return {}
        level = source.level(cells)
        seasons = _seasons(source, cells, MORE_SEASONS) / level
        mean, square = mean_seen(seasons), mean_seen(seasons**2)
        found = {
            f"season_mean_{MORE_SEASONS}": mean,
            "season_spread": np.sqrt(np.maximum(square - mean**2, 0.0)),
        }
        back = _year_ago(source.layout)
        if not back:
            return found
        row = cells.target - back * -(-cells.step // back)
        return found | {"season_year_ago": at(source.sold.values, row, cells.series) / level}


def _year_ago(layout: Layout) -> int:
    """Return the whole seasons of a year in periods, 0 where no year of them has been seen."""
    back = layout.season * round(YEARS.get(layout.frequency, 0.0) / layout.season)
    return back if layout.season < back < layout.periods else 0


class Slopes:
    """How much sales rise or fall over a window: the least-squares line through what was seen."""

    name = "slopes"

    def columns(self, layout: Layout) -> Columns:
        return _all([f"slope_{one}" for one in layout.windows[2:]])

    def values(self, source: Source, cells: Cells) -> Values:
        level = source.level(cells)
        return {
            f"slope_{one}": _slope(source, cells, one) * one / level
            for one in source.layout.windows[2:]
        }


def _slope(source: Source, cells: Cells, window: int) -> Floats:
    here = cells.origin, cells.series, window
    sold, count = source.sold.sales.total(*here)
    place, square, product = (one.total(*here)[0] for one in source.sold.slopes)
    return quotient(count * product - place * sold, count * square - place**2)


class Maturity:
    """Whether a series is new or has been sold for long: ages beyond those of the life cycle."""

    name = "maturity"

    def columns(self, layout: Layout) -> Columns:
        return _all(["is_new", "is_mature"])

    def values(self, source: Source, cells: Cells) -> Values:
        began = source.told.began[cells.series]
        age = np.where(began <= cells.origin, cells.target - began, np.nan)
        unknown = np.isnan(age)
        new, mature = age < source.layout.windows[2], age >= 2 * source.layout.windows[3]
        return {
            "is_new": np.where(unknown, np.nan, new),
            "is_mature": np.where(unknown, np.nan, mature),
        }
