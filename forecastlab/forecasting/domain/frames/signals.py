"""Features of signals: at the target where they are known ahead, else as last seen."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.frames import products
from forecastlab.forecasting.domain.frames.columns import Columns, Safety, Values
from forecastlab.forecasting.domain.frames.sources import Cells, Layout, Source, at
from forecastlab.forecasting.domain.observed import quotient
from forecastlab.forecasting.domain.panel import Floats
from forecastlab.warehouse.domain.companions import MACRO, WEATHER, is_about

# These have groups of their own.
ELSEWHERE = re.compile(r"holiday|stock|return|replenish|deliver|receipt")
PRICE = re.compile(r"price")


def family(name: str) -> str:
    """Return the group to which a signal of this name belongs; "" where it has its own."""
    for pattern, group in ((ELSEWHERE, ""), (WEATHER, "weather"), (MACRO, "macro")):
        if is_about(pattern, name):
            return group
    return "price_promo"


class Signals:
    """The signals of one family.

    Of each: what it was on average over the second window up to the origin; of a known one also
    what it will be and the change between the two, of prices as a ratio; of an observed one what
    it was last.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _mine(self, layout: Layout) -> list[str]:
        return [one for one in layout.signals if family(one) == self.name]

    def columns(self, layout: Layout) -> Columns:
        columns: dict[str, Safety] = {}
        for name in self._mine(layout):
            columns[f"{name}_mean"] = Safety.OBSERVED
            if layout.signals[name]:
                columns[name] = Safety.UNSAFE_UNLESS_SUPPLIED
                columns[f"{name}_change"] = Safety.UNSAFE_UNLESS_SUPPLIED
            else:
                columns[f"{name}_last"] = Safety.OBSERVED
        return columns

    def values(self, source: Source, cells: Cells) -> Values:
        found: dict[str, NDArray[np.floating]] = {}
        for name in self._mine(source.layout):
            sums, window = source.told.signal_sums(name), source.layout.windows[1]
            usual = found[f"{name}_mean"] = sums.mean(cells.origin, cells.series, window)
            if source.layout.signals[name]:
                ahead = found[name] = at(source.told.signal(name), cells.target, cells.series)
                found[f"{name}_change"] = _change(name, ahead, usual)
            else:
                found[f"{name}_last"] = at(source.told.signal(name), cells.origin, cells.series)
        return found


def _change(name: str, ahead: NDArray[np.floating], usual: Floats) -> Floats:
    if not is_about(PRICE, name):
        return ahead - usual
    return quotient(ahead.astype(np.float64), usual)


class PricePromo(Signals):
    """Prices, promotions and every other declared signal, with what they do to sales."""

    def columns(self, layout: Layout) -> Columns:
        effect = {"effect": Safety.UNSAFE_UNLESS_SUPPLIED, "effect_mean": Safety.OBSERVED}
        return {**super().columns(layout), **(effect if layout.effects else {})}

    def values(self, source: Source, cells: Cells) -> Values:
        found = super().values(source, cells)
        if not source.layout.effects:
            return found
        window = source.layout.windows[2]
        usual = source.effects.mean(cells.origin, cells.series, window)
        return {**found, "effect": source.effect(cells), "effect_mean": usual}


class SameProduct:
    """The product in all stores: how it sells of late, and the price here over the one there.

    How it sells is told as it was at the origin and on average over the second window up to it.
    """

    name = "same_product"

    def columns(self, layout: Layout) -> Columns:
        if not layout.products:
            return {}
        pace = dict.fromkeys(["product_pace", "product_pace_mean"], Safety.CONDITIONALLY_SAFE)
        if not layout.signals.get(products.PRICE):
            return pace
        ahead = dict.fromkeys(["price_ratio", "price_ratio_change"], Safety.UNSAFE_UNLESS_SUPPLIED)
        return {**pace, "price_ratio_mean": Safety.OBSERVED, **ahead}

    def values(self, source: Source, cells: Cells) -> Values:
        wanted, told = self.columns(source.layout), source.told
        if not wanted:
            return {}
        window = source.layout.windows[1]
        pace, places = told.products.pace
        found: dict[str, NDArray[np.floating]] = {
            "product_pace": at(pace, cells.origin, places[cells.series]),
            "product_pace_mean": told.pace_sums.mean(cells.origin, places[cells.series], window),
        }
        if "price_ratio" not in wanted:
            return found
        ahead = at(told.products.price, cells.target, cells.series)
        usual = told.price_sums.mean(cells.origin, cells.series, window)
        return found | {
            "price_ratio_mean": usual,
            "price_ratio": ahead,
            "price_ratio_change": _change("price_ratio", ahead, usual),
        }
