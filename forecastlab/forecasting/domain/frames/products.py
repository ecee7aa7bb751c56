"""What the same product does in all stores: what it costs there, and how it sells of late.

Both are learnt from the whole panel once and kept period by period, so that a block of series is
told of stores that it does not hold. A row tells of its own period and of those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.observed import quotient, running
from forecastlab.forecasting.domain.panel import Floats, Groups, Integers, Panel, Whole
from forecastlab.lib.compiled import check_places, compiled

PRICE = "price"
# A series tells how a product sells once it was seen so often in the window that is usual for it.
FEWEST_SEEN = 3

Arrays = Mapping[str, NDArray[np.float32]]


def several(groups: Groups) -> bool:
    """Say whether products can be told apart, and are sold in more than one store."""
    return groups.stores > 1 and groups.products > 1


def learned(whole: Whole, window: int) -> dict[str, NDArray[np.float32]]:
    """Return `pace`, `price` and `priced`, periods x products; nothing if there are no `several`.

    `price` is the mean price over all stores, also of planned periods, and `priced` in how many
    it is known; both are left out where no price is known ahead. `pace` is what all series of a
    product sold in a period over what they usually do: their means over the `window` up to it.
    NaN is unknown.
    """
    if not several(whole.groups):
        return {}
    price: list[Floats] = []
    sold: list[Floats] = []
    for piece in whole.pieces():
        codes = piece.groups.product
        usual = _usual(piece.fit, window)
        both = ~np.isnan(piece.fit) & (usual > 0)
        sold = sold or _nothing(piece.periods, whole.groups)
        _sum(np.where(both, piece.fit, np.nan), codes, sold[0])
        _sum(np.where(both, usual, np.nan), codes, sold[1])
        if piece.signals.ahead.get(PRICE):
            here = piece.signals.of(PRICE).astype(np.float64)
            price = price or _nothing(len(here), whole.groups)
            _sum(here, codes, price[0])
            _sum(np.where(np.isnan(here), np.nan, 1.0), codes, price[1])
    found = {"pace": quotient(*sold).astype(np.float32)}
    if price:
        found[PRICE] = quotient(*price).astype(np.float32)
        found["priced"] = price[1].astype(np.float32)
    return found


def repriced(told: Arrays, first: int, change: Floats) -> dict[str, NDArray[np.float32]]:
    """Return what was `learned` with other prices from the period `first` on.

    `change` is what they are more than before, added up over all stores: periods x products.
    """
    if PRICE not in told:
        return dict(told)
    price, rows = told[PRICE].copy(), slice(first, first + len(change))
    stores = told["priced"][rows]
    price[rows] += np.divide(change[: len(stores)], stores, where=stores > 0, out=0 * stores)
    return {**told, PRICE: price}


def _nothing(periods: int, groups: Groups) -> list[Floats]:
    return [np.zeros((periods, groups.products)) for _ in range(2)]


def _usual(values: Floats, window: int) -> Floats:
    """Return the mean of what was seen in the window up to each period; NaN if that is little."""
    sums, counts = running(values)
    before = np.maximum(np.arange(1, len(sums)) - window, 0)
    count = counts[1:] - counts[before]
    return quotient(sums[1:] - sums[before], np.where(count >= FEWEST_SEEN, count, 0))


def _sum(values: Floats, codes: Integers, sums: Floats) -> None:
    check_places(codes, sums.shape[1])
    _add(np.ascontiguousarray(values), codes, sums)


@compiled("void(const float64[:, ::1], const int64[::1], float64[:, ::1])")
def _add(values: Floats, codes: Integers, sums: Floats) -> None:
    for t in range(values.shape[0]):
        for s in range(values.shape[1]):
            value = values[t, s]
            if value == value:
                sums[t, codes[s]] += value


@dataclass(frozen=True)
class Products:
    """What was `learned` of the products of one block."""

    block: Panel
    told: Arrays

    @cached_property
    def pace(self) -> tuple[Floats, Integers]:
        """Return how the products of the block sell, periods x products, and whose it is."""
        codes, places = np.unique(self.block.groups.product, return_inverse=True)
        return self.told["pace"][:, codes].astype(np.float64), places.reshape(-1)

    @cached_property
    def price(self) -> NDArray[np.float32]:
        """Return prices over those of the product in all stores: periods x series."""
        here = self.block.signals.of(PRICE)
        there = self.told[PRICE][: len(here), self.block.groups.product]
        ratio = np.full(here.shape, np.nan, dtype=np.float32)
        np.divide(here[: len(there)], there, out=ratio[: len(there)], where=there > 0)
        return ratio
