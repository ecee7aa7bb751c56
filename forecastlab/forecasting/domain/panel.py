"""Every series of a version side by side on one full calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.profiles import STOCKOUT_LIMIT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
BLOCK = 500
# Every array of a panel this large takes 1.6 GB.
MOST_CELLS = 200_000_000


class PanelTooLarge(BadInput):
    """The full calendar of every series would not fit in memory."""

    code = "panel_too_large"


@dataclass(frozen=True, slots=True)
class Panel:
    """Periods down, series across.

    `fit` is what models learn from and `actual` what they are judged by; in both, NaN is unknown
    or not to be counted. `closed` is known ahead, so models are told of it. A series begins with
    its first sale: what lies before is NaN in `fit`.
    """

    series: Integers
    fit: Floats
    actual: Floats
    closed: Flags

    @property
    def periods(self) -> int:
        return int(self.fit.shape[0])

    @property
    def width(self) -> int:
        return int(self.fit.shape[1])

    def columns(self, start: int, stop: int) -> Panel:
        part = slice(start, stop)
        return Panel(
            self.series[part],
            np.ascontiguousarray(self.fit[:, part]),
            np.ascontiguousarray(self.actual[:, part]),
            np.ascontiguousarray(self.closed[:, part]),
        )

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield the same blocks however the panel is cut in shards of whole blocks.

        Sums over a block then add the same numbers in the same order, to the last bit.
        """
        for start in range(0, self.width, BLOCK):
            yield start, min(start + BLOCK, self.width)


def check_size(series: int, periods: int) -> None:
    """Raise PanelTooLarge for what most likely has a wrong date or frequency."""
    if series * periods > MOST_CELLS:
        raise PanelTooLarge(
            f"{series:,} series over {periods:,} periods are more than {MOST_CELLS:,} values.",
            hint="Check the first and the last date of the dataset, and its frequency.",
        )


def build(columns: Mapping[str, NDArray[np.generic]], series: Integers, periods: int) -> Panel:
    """Lay facts out; `series` and the facts' `series_id` are sorted the same way.

    `columns` holds series_id, t, quantity and, where the version has them, open and
    stockout_share.
    """
    where = columns["t"], np.searchsorted(series, columns["series_id"])
    shape = (periods, len(series))
    actual = _laid_out(columns["quantity"], where, shape)
    actual[actual < 0] = np.nan
    if "stockout_share" in columns:
        actual[_laid_out(columns["stockout_share"], where, shape) >= STOCKOUT_LIMIT] = np.nan
    closed = np.zeros(shape, dtype=np.bool_)
    if "open" in columns:
        closed = _laid_out(columns["open"], where, shape) == 0
    fit = np.where(closed, np.nan, actual)
    sold = np.maximum.accumulate(np.nan_to_num(fit) > 0, axis=0)
    return Panel(series, np.where(sold, fit, np.nan), actual, closed)


def _laid_out(
    values: NDArray[np.generic],
    where: tuple[NDArray[np.generic], Integers],
    shape: tuple[int, int],
) -> Floats:
    laid = np.full(shape, np.nan)
    laid[where] = values
    return laid


def first_sale(panel: Panel) -> Integers:
    """Return the period in which each series begins; `periods` where it never does."""
    seen = ~np.isnan(panel.fit)
    return np.where(seen.any(axis=0), seen.argmax(axis=0), panel.periods)
