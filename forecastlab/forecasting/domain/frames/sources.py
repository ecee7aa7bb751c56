"""What feature groups read: one block of series, asked for single cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.frames import products
from forecastlab.forecasting.domain.frames.products import Products
from forecastlab.forecasting.domain.observed import quotient, running
from forecastlab.forecasting.domain.panel import Floats, Integers, Panel
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.lib.compiled import check_places, compiled

Numbers = NDArray[np.float32]
# The windows of a frame in periods, from short to long; the third gives the level of a series.
WINDOWS: Mapping[str, tuple[int, int, int, int]] = {
    "H": (6, 24, 168, 336),
    "D": (7, 14, 28, 84),
    "W": (4, 8, 13, 26),
    "M": (3, 6, 12, 24),
    "Q": (2, 4, 8, 16),
    "Y": (2, 3, 5, 10),
}
# A series that sells nothing for long is still measured by this share of its mean.
LEAST_LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class Cells:
    """Forecasts to be made: from `origin`, `step` periods ahead, of a `series` of the block."""

    origin: Integers
    step: Integers
    series: Integers

    @property
    def target(self) -> Integers:
        return self.origin + self.step


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a frame follow from; the same for every block of a panel.

    `signals` says of each whether it is known ahead; `effects` whether sources have factors;
    `products` whether each is sold in several stores. `first` is the day of period 0, None where
    there are no dates.
    """

    signals: Mapping[str, bool]
    frequency: str
    season: int
    periods: int
    effects: bool
    products: bool = False
    version: int = 1
    first: date | None = None

    @property
    def windows(self) -> tuple[int, int, int, int]:
        return WINDOWS[self.frequency]


def layout_of(panel: Panel, task: Task, *, effects: bool) -> Layout:
    return Layout(
        panel.signals.ahead,
        task.frequency,
        task.season,
        panel.periods,
        effects,
        products.several(panel.groups),
        task.frame,
        task.first,
    )


class Sums:
    """Running sums down the periods, so that the mean of any window is two look-ups."""

    def __init__(self, values: NDArray[np.floating]) -> None:
        self._sum, self._count = running(values)

    def total(self, last: Integers, series: Integers, width: int) -> tuple[Floats, Integers]:
        """Return the sum and the number of values seen in the `width` periods up to `last`."""
        check_places(np.maximum(last + 1, 0), len(self._sum))
        check_places(series, self._sum.shape[1])
        total, count = np.empty(len(last)), np.empty(len(last), dtype=np.int64)
        _within(self._sum, self._count, np.stack([last, series]), width, total, count)
        return total, count

    def mean(self, last: Integers, series: Integers, width: int) -> Floats:
        """Return the mean of what was seen there, NaN where nothing was."""
        return quotient(*self.total(last, series, width))


class History:
    """What the features of one block's sales are made of, each made when it is first asked for.

    `values` is periods x series: `fit`, or what is left of it without effects.
    """

    def __init__(self, values: Floats, fit: Floats) -> None:
        self.values = values
        self._fit = fit

    @cached_property
    def sales(self) -> Sums:
        return Sums(self.values)

    @cached_property
    def squares(self) -> Sums:
        return Sums(self.values**2)

    @cached_property
    def zeros(self) -> Sums:
        return Sums(np.where(np.isnan(self.values), np.nan, self._fit == 0))

    @cached_property
    def slopes(self) -> tuple[Sums, Sums, Sums]:
        """Return the sums of the place, of its square and of its product with the sale."""
        rows = np.arange(len(self.values), dtype=np.float64)[:, None]
        seen = np.where(np.isnan(self.values), np.nan, rows)
        return Sums(seen), Sums(seen**2), Sums(rows * self.values)


class Told:
    """What follows from a block and its products, whatever the origin: each once, when asked."""

    def __init__(self, block: Panel, shared: products.Arrays | None = None) -> None:
        self.block = block
        self.products = Products(block, shared or {})
        self._signals: dict[str, Sums] = {}

    @cached_property
    def history(self) -> History:
        return History(self.block.fit, self.block.fit)

    @cached_property
    def began(self) -> Integers:
        """Return the first period that was seen of each series."""
        began: Integers = (~np.isnan(self.block.fit)).argmax(axis=0)
        return began

    @cached_property
    def last_sold(self) -> Floats:
        """Return when each series last sold anything, as known at every period."""
        rows = np.arange(self.block.periods, dtype=np.float64)[:, None]
        sold: Floats = np.maximum.accumulate(np.where(self.block.fit > 0, rows, -1.0), axis=0)
        return sold

    def signal(self, name: str) -> Numbers:
        return self.block.signals.of(name)

    def signal_sums(self, name: str) -> Sums:
        if name not in self._signals:
            self._signals[name] = Sums(self.signal(name)[: self.block.periods])
        return self._signals[name]

    @cached_property
    def pace_sums(self) -> Sums:
        return Sums(self.products.pace[0])

    @cached_property
    def price_sums(self) -> Sums:
        return Sums(self.products.price[: self.block.periods])


class Source:
    """One block of series, as known at the origins that are asked for.

    `factor`, where there is one, is what known signals and the season make of the level: periods
    by series, as far as forecasts go. A `clean` source measures history, and what is forecast,
    without it. `shared` is what was learned of products. Sources of one block with other factors
    stand `beside` each other: what follows from the block alone is made once for all of them.
    """

    def __init__(
        self,
        block: Panel,
        layout: Layout,
        factor: Floats | None = None,
        *,
        clean: bool = False,
        shared: products.Arrays | None = None,
        beside: Source | None = None,
    ) -> None:
        self.told: Told = beside.told if beside else Told(block, shared)
        self.layout = layout
        self.clean = clean and factor is not None
        self.factor = factor
        self._usual: tuple[Cells | None, dict[int, Floats]] = None, {}

    @property
    def block(self) -> Panel:
        return self.told.block

    @cached_property
    def sold(self) -> History:
        """Return what sales features are made of; NaN also where a clean source has no factor."""
        if self.factor is None or not self.clean:
            return self.told.history
        history = np.full_like(self.block.fit, np.nan)
        until = min(len(self.factor), len(history))
        np.divide(self.block.fit[:until], self.factor[:until], out=history[:until])
        return History(history, self.block.fit)

    def effect(self, cells: Cells) -> Floats:
        """Return the logarithm of the factor at the target."""
        if self.factor is None:
            raise ValueError("The source has no factor.")
        effect: Floats = np.log(at(self.factor, cells.target, cells.series))
        return effect

    @cached_property
    def effects(self) -> Sums:
        """Return the sums of the effects in periods with sales."""
        if self.factor is None:
            raise ValueError("The source has no factor.")
        until = min(len(self.factor), self.block.periods)
        seen = ~np.isnan(self.block.fit[:until])
        return Sums(np.where(seen, np.log(self.factor[:until]), np.nan))

    def usual(self, cells: Cells, window: int) -> Floats:
        """Return the mean sale over a window up to the origin; the groups of a frame share it."""
        if self._usual[0] is not cells:
            self._usual = cells, {}
        found = self._usual[1]
        if window not in found:
            found[window] = self.sold.sales.mean(cells.origin, cells.series, window)
        return found[window]

    def level(self, cells: Cells) -> Floats:
        """Return by what the sales of a series are measured at an origin; NaN before it begins."""
        always = self.usual(cells, self.block.periods)
        level: Floats = np.fmax(self.usual(cells, self.layout.windows[2]), LEAST_LEVEL * always)
        return level

    def scale(self, cells: Cells) -> Floats:
        """Return by what a forecast is multiplied: the level, in a clean source times the factor.

        Where nothing is told of the target, the factor is 1.
        """
        level = self.level(cells)
        if not self.clean:
            return level
        scale: Floats = level * np.exp(np.nan_to_num(self.effect(cells)))
        return scale


@compiled(
    "void(const float64[:, ::1], const int32[:, ::1], const int64[:, ::1], int64, "
    "float64[::1], int64[::1])",
)
def _within(
    sums: Floats,
    counts: NDArray[np.int32],
    cells: Integers,
    width: int,
    total: Floats,
    count: Integers,
) -> None:
    for place in range(cells.shape[1]):
        stop, series = max(cells[0, place] + 1, 0), cells[1, place]
        start = max(stop - width, 0)
        total[place] = sums[stop, series] - sums[start, series]
        count[place] = counts[stop, series] - counts[start, series]


def at(values: NDArray[np.floating], row: Integers, series: Integers) -> NDArray[np.floating]:
    """Return single values, NaN for rows outside the calendar."""
    found = np.empty(row.shape, dtype=values.dtype)
    check_places(series, values.shape[1])
    whole = np.ascontiguousarray(values)
    for rows, made in zip(np.atleast_2d(row), np.atleast_2d(found), strict=True):
        _at(whole, np.stack([rows, series]), made)
    return found


@compiled(
    "void(const float64[:, ::1], const int64[:, ::1], float64[::1])",
    "void(const float32[:, ::1], const int64[:, ::1], float32[::1])",
)
def _at(values: NDArray[Any], cells: Integers, found: NDArray[Any]) -> None:
    for place in range(cells.shape[1]):
        row = cells[0, place]
        found[place] = values[row, cells[1, place]] if 0 <= row < values.shape[0] else np.nan
