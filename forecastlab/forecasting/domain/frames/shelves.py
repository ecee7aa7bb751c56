"""Features of the shelf: stock, deliveries and what came back. All are seen afterwards."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.frames.columns import Columns, Safety, Values
from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Source, Sums, at
from forecastlab.warehouse.domain.companions import DELIVERED, RETURNED, is_about

STOCK, STOCKOUT = "stock", "stockout_share"


def _observed(names: list[str]) -> Columns:
    return dict.fromkeys(names, Safety.OBSERVED)


class Inventory:
    """What lay on the shelf at the origin, and how much of the time before it was empty."""

    name = "inventory"

    def columns(self, layout: Layout) -> Columns:
        stock = ["stock_cover"] if STOCK in layout.signals else []
        empty = ["stockout_last", "stockout_short", "stockout_long"]
        return _observed([*stock, *(empty if STOCKOUT in layout.signals else [])])

    def values(self, source: Source, cells: Cells) -> Values:
        found: dict[str, NDArray[np.floating]] = {}
        if STOCK in source.layout.signals:
            stock = at(source.told.signal(STOCK), cells.origin, cells.series)
            found["stock_cover"] = stock / source.level(cells)
        if STOCKOUT in source.layout.signals:
            sums, windows = source.told.signal_sums(STOCKOUT), source.layout.windows
            found |= {
                "stockout_last": at(source.told.signal(STOCKOUT), cells.origin, cells.series),
                "stockout_short": sums.mean(cells.origin, cells.series, windows[0]),
                "stockout_long": sums.mean(cells.origin, cells.series, windows[2]),
            }
        return found


class Replenishment:
    """How often and how much was delivered of late.

    A signal of deliveries tells it; without one, every rise of the stock counts as a delivery.
    """

    name = "replenishment"

    def columns(self, layout: Layout) -> Columns:
        there = STOCK in layout.signals or _named(layout, DELIVERED)
        return _observed(["deliveries", "delivered"]) if there else {}

    def values(self, source: Source, cells: Cells) -> Values:
        if not self.columns(source.layout):
            return {}
        amounts = _deliveries(source)
        place, window = (cells.origin, cells.series), source.layout.windows[2]
        often = Sums(np.where(np.isnan(amounts), np.nan, amounts > 0))
        return {
            "deliveries": often.mean(*place, window),
            "delivered": Sums(amounts).mean(*place, window) / source.level(cells),
        }


def _deliveries(source: Source) -> NDArray[np.floating]:
    periods = source.block.periods
    told = _named(source.layout, DELIVERED)
    if told:
        return source.told.signal(told[0])[:periods]
    stock = source.told.signal(STOCK)[:periods]
    return np.maximum(np.diff(stock, axis=0, prepend=stock[:1]), 0.0)


class Returns:
    """How much came back of late."""

    name = "returns"

    def columns(self, layout: Layout) -> Columns:
        there = _named(layout, RETURNED)
        return _observed(["returned_short", "returned_long"]) if there else {}

    def values(self, source: Source, cells: Cells) -> Values:
        told = _named(source.layout, RETURNED)
        if not told:
            return {}
        sums, windows, level = (
            source.told.signal_sums(told[0]),
            source.layout.windows,
            source.level(cells),
        )
        return {
            "returned_short": sums.mean(cells.origin, cells.series, windows[0]) / level,
            "returned_long": sums.mean(cells.origin, cells.series, windows[2]) / level,
        }


def _named(layout: Layout, pattern: re.Pattern[str]) -> list[str]:
    return [name for name in layout.signals if is_about(pattern, name)]
