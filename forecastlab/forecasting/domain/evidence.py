"""What models are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.metrics import Scales
from forecastlab.forecasting.domain.panel import Flags, Floats, Integers

CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class StockOuts:
    """What was sold while stock was out, which is not scored.

    `cells` are its places, series after series, each with its `size` of folds x steps; they ascend.
    """

    cells: Integers
    sold: Floats
    size: int

    @classmethod
    def of(cls, actual: Floats, all_days: Floats) -> StockOuts | None:
        """Return what `all_days` has beyond `actual`, folds x steps x series; None for nothing."""
        where = np.isnan(actual) & ~np.isnan(all_days)
        series, fold, step = np.nonzero(np.moveaxis(where, -1, 0))
        folds, steps, _width = actual.shape
        cells = (series * folds + fold) * steps + step
        return cls(cells, all_days[fold, step, series], folds * steps) if len(cells) else None

    def back_in(self, actual: Floats, first: int = 0) -> Floats:
        """Return `actual`, folds x steps x series from the `first` on, with them put back."""
        whole, width = actual.copy(), actual.shape[-1]
        start, stop = np.searchsorted(self.cells, [first * self.size, (first + width) * self.size])
        place, cell = np.divmod(self.cells[start:stop] - first * self.size, self.size)
        whole.reshape(self.size, width)[cell, place] = self.sold[start:stop]
        return whole

    def touch(self, judged: Flags) -> bool:
        """Say whether any of them is one of a judged series."""
        return bool(judged[self.cells // self.size].any())


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged: folds x steps x series. `judged` marks the series that count.

    Where they are told, `closed` marks closed periods, `stockouts` are those that `actual`
    leaves out, `level` is what each series sold a period before the first origin, and `groups`
    tell the series apart, among others by category.
    """

    actual: Floats
    scales: Scales
    judged: Flags
    closed: Flags | None = None
    stockouts: StockOuts | None = None
    level: Floats | None = None
    groups: Mapping[str, Grouping] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return int(self.actual.shape[0])

    @property
    def width(self) -> int:
        return int(self.actual.shape[-1])

    @property
    def ranged(self) -> Flags:
        """Return which actuals ranges are about: those of judged series on open periods."""
        known = ~np.isnan(self.actual) & self.judged
        return known if self.closed is None else known & ~self.closed

    @property
    def leaves_out(self) -> bool:
        """Say whether any stock-out of a judged series is not scored."""
        return self.stockouts is not None and self.stockouts.touch(self.judged)

    @property
    def categories(self) -> Grouping:
        nothing = Grouping(("",), np.zeros(self.width, dtype=np.int64))
        return self.groups.get(CATEGORY) or nothing
