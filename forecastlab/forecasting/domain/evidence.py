"""What models are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.metrics import Scales
from forecastlab.forecasting.domain.panel import Flags, Floats

CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged: folds x steps x series. `judged` marks the series that count.

    Where they are told, `closed` marks closed periods, `all_days` is `actual` with the stock-outs
    that it leaves out, `level` is what each series sold a period before the first origin, and
    `groups` tell the series apart, among others by category.
    """

    actual: Floats
    scales: Scales
    judged: Flags
    closed: Flags | None = None
    all_days: Floats | None = None
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
        if self.all_days is None:
            return False
        left_out = np.isnan(self.actual) & ~np.isnan(self.all_days) & self.judged
        return bool(left_out.any())

    @property
    def categories(self) -> Grouping:
        nothing = Grouping(("",), np.zeros(self.width, dtype=np.int64))
        return self.groups.get(CATEGORY) or nothing
