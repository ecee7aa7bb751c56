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
class LeftOut:
    """What was sold while stock was out, which is not scored.

    `cells` are its places, series after series and in each fold by fold; they ascend.
    """

    cells: Integers
    sold: Floats

    @classmethod
    def of(cls, actual: Floats, all_days: Floats) -> LeftOut | None:
        """Return what `all_days` has beyond `actual`, folds x steps x series; None for nothing."""
        where = np.isnan(actual) & ~np.isnan(all_days)
        series, fold, step = np.nonzero(np.moveaxis(where, -1, 0))
        folds, steps, _width = actual.shape
        cells = (series * folds + fold) * steps + step
        return cls(cells, all_days[fold, step, series]) if len(cells) else None

    def back_in(self, actual: Floats, part: slice) -> Floats:
        """Return `actual` of some series with what was left out of them."""
        whole = actual.copy()
        size, width = actual[..., 0].size, actual.shape[-1]
        first, last = np.searchsorted(self.cells, [part.start * size, part.stop * size])
        place, cell = np.divmod(self.cells[first:last] - part.start * size, size)
        whole.reshape(size, width)[cell, place] = self.sold[first:last]
        return whole

    def touches(self, judged: Flags, size: int) -> bool:
        """Say whether any of it belongs to a judged series of `size` cells each."""
        return bool(judged[self.cells // size].any())


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged: folds x steps x series. `judged` marks the series that count.

    Where they are told, `closed` marks closed periods, `left_out` has the stock-outs that `actual`
    leaves out, `level` is what each series sold a period before the first origin, and `groups`
    tell the series apart, among others by category.
    """

    actual: Floats
    scales: Scales
    judged: Flags
    closed: Flags | None = None
    left_out: LeftOut | None = None
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
        folds, steps, _width = self.actual.shape
        return self.left_out is not None and self.left_out.touches(self.judged, folds * steps)

    @property
    def categories(self) -> Grouping:
        nothing = Grouping(("",), np.zeros(self.width, dtype=np.int64))
        return self.groups.get(CATEGORY) or nothing
