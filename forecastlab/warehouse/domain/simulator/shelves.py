"""From demand to what was sold: stock-outs, stock and deliveries, goods that come back.

Arrays are products x days, the first day first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecastlab.warehouse.domain.simulator.effects import Scene
from forecastlab.warehouse.domain.simulator.streams import Flags, Numbers

REVIEW_DAYS = 14
LEAD_DAYS, LEAD_SIGMA = 7.0, 1.5
FILL, FILL_SIGMA = 0.97, 0.05
# What an order aims at: this many times the sales until the next order has come.
SAFETY = 1.1
RETURNED, LONGEST_RETURN = 0.03, 14
REASONS = ("damaged", "changed mind", "wrong item", "poor quality", "came late")
REASON_UNTIL = (0.30, 0.55, 0.75, 0.90, 1.0)

Demand = Callable[[int, Numbers], Numbers]


def stockouts(scene: Scene) -> Numbers:
    """Return the share of the day without stock, 0 on most days."""
    config = scene.config
    hit, length = scene.uniforms("stockout"), scene.uniforms("stockout-length")
    share = 1.0 if config.whole_days_out else np.round(0.25 + 0.75 * length, 2)
    return np.where(hit < config.stockout_intensity, share, 0.0)


@dataclass(frozen=True, slots=True)
class Returns:
    """How each day's sales come back: whether at all, after how many days, and why."""

    happen: Flags
    lags: Numbers
    reasons: Numbers

    def of(self, sold: Numbers, day: int | slice) -> Numbers:
        """Return how many of these units will come back: half, or none."""
        return np.where(self.happen[:, day], np.floor(sold / 2), 0.0)


def returns(scene: Scene) -> Returns:
    lags = 1 + np.floor(scene.uniforms("return-lag") * LONGEST_RETURN)
    reasons = np.searchsorted(REASON_UNTIL, scene.uniforms("return-reason"), side="right")
    return Returns(scene.uniforms("return") < RETURNED, lags, reasons.astype(np.float64))


@dataclass(slots=True)
class Shelf:
    """What became of a store's demand.

    `quantity` and `lost` are units and sum to `demand`; `out` is the share of the day in which
    nothing could be sold; `stock` stands in the morning; `back` came back on the day, of what was
    sold before.
    """

    demand: Numbers
    quantity: Numbers
    lost: Numbers
    out: Numbers
    stock: Numbers | None = None
    back: Numbers | None = None


def sell(demand: Numbers, out: Numbers, coming_back: Returns | None) -> Shelf:
    """Sell without stock of one's own: what was asked for while the shelf was empty is lost."""
    lost = np.rint(demand * out)
    shelf = Shelf(demand, demand - lost, lost, out)
    if coming_back:
        shelf.back = np.zeros(demand.shape)
        units = coming_back.of(shelf.quantity, slice(None))
        rows, days = np.nonzero(units)
        arrive = days + coming_back.lags[rows, days].astype(np.int64)
        seen = arrive < demand.shape[1]
        np.add.at(shelf.back, (rows[seen], arrive[seen]), units[rows[seen], days[seen]])
    return shelf


class Replenishment:
    """Sales out of a stock that is ordered every other week and delivered after a lead time."""

    def __init__(self, scene: Scene, expected: Numbers, out: Numbers) -> None:
        """`expected` is the usual sales of each product before the first day, in units a day."""
        self.scene, self.out = scene, out
        days, whom = scene.config.days, scene.store.code
        draw = scene.streams
        leads = np.rint(LEAD_DAYS + LEAD_SIGMA * draw.normals("lead", whom, days=days)[::-1])
        self.leads = np.maximum(leads, 1).astype(np.int64)
        self.fills = np.clip(FILL + FILL_SIGMA * scene.normals("fill"), 0.0, 1.0)
        self.phase = int(draw.number("review-day", whom) * REVIEW_DAYS)
        self.expected = expected
        self.horizon = REVIEW_DAYS + LEAD_DAYS
        self.stock = np.ceil(SAFETY * expected * self.horizon)
        self.due = np.zeros((len(expected), days + 1 + int(self.leads.max())))

    def sell(self, demand_on: Demand, coming_back: Returns | None) -> Shelf:
        """Go through the days; `demand_on(day, empty)` says what is asked for beside empty shelves.

        Goods that come back are put on the shelf again.
        """
        shape = self.scene.shape
        zeros = np.zeros
        shelf = Shelf(zeros(shape), zeros(shape), zeros(shape), self.out.copy(), zeros(shape))
        back = zeros((shape[0], shape[1] + 1 + LONGEST_RETURN))
        for day in range(shape[1]):
            self.stock = self.stock + self.due[:, day] + back[:, day]
            self._sell_on(day, shelf, demand_on)
            if coming_back:
                units = coming_back.of(shelf.quantity[:, day], day)
                rows = np.flatnonzero(units)
                back[rows, day + coming_back.lags[rows, day].astype(np.int64)] += units[rows]
            self._order_on(day, shelf)
        shelf.back = back[:, : shape[1]] if coming_back else None
        return shelf

    def _sell_on(self, day: int, shelf: Shelf, demand_on: Demand) -> None:
        demand = demand_on(day, (self.stock == 0).astype(np.float64))
        sold = np.minimum(demand - np.rint(demand * self.out[:, day]), self.stock)
        lost = demand - sold
        missed = np.ceil(100 * lost / np.maximum(demand, 1)) / 100
        for name, value in (("demand", demand), ("quantity", sold), ("lost", lost)):
            getattr(shelf, name)[:, day] = value
        if shelf.stock is not None:
            shelf.stock[:, day] = self.stock
        shelf.out[:, day] = np.where(
            self.stock == 0, 1.0, np.maximum(self.out[:, day], np.where(lost > 0, missed, 0.0))
        )
        self.stock = self.stock - sold

    def _order_on(self, day: int, shelf: Shelf) -> None:
        """Every other week, order up to what will be sold until the order after this has come."""
        before_last = self.scene.config.window_days - day
        if before_last % REVIEW_DAYS != self.phase:
            return
        seen = shelf.quantity[:, max(0, day + 1 - REVIEW_DAYS) : day + 1]
        usual = seen.mean(axis=1) if seen.shape[1] == REVIEW_DAYS else self.expected
        usual = np.maximum(usual, self.expected / 2)  # empty shelves are no reason to order none
        on_order = self.due[:, day + 1 :].sum(axis=1)
        wanted = np.maximum(SAFETY * usual * self.horizon - self.stock - on_order, 0.0)
        self.due[:, day + 1 + self.leads[day]] += np.rint(np.rint(wanted) * self.fills[:, day])
