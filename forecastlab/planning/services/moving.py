"""From assumptions to what they move: signals, prices, stock, and what planners say themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.panel import Flags, Floats, Integers
from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain import paths, substitutes
from forecastlab.planning.domain.assumptions import PROMOTIONS, STAGES, Assumption
from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.domain.paths import Moved
from forecastlab.planning.domain.response import PRICE
from forecastlab.planning.queries.plan_inputs import Inputs
from forecastlab.planning.services.estimating import Estimates

DISCOUNT, HOLIDAY = "discount", "holiday"


class NothingLearnt(BadInput):
    """The sales do not tell what this would do."""

    code = "nothing_learnt"


class NobodyMeant(BadInput):
    """No series that is forecast belongs to the scope."""

    code = "nobody_meant"


@dataclass
class Move:
    """What a plan moves, steps x series unless said otherwise.

    `by` has the change of each signal, `set_to` what signals are set to in the frame of a model
    (NaN: as given). `factor` is what planners say themselves. `price` and `paid` are list prices
    and what is paid with the discount, without the plan and with it; NaN is unknown. `stock` has
    one number a series. `affected` says which series an assumption is about. `is_cheaper` and
    `is_unpriced`: the price falls with an offer, or would if it were said by how much.
    """

    without: Mapping[str, Floats]
    price: tuple[Floats, Floats]
    paid: tuple[Floats, Floats]
    by: dict[str, Floats]
    set_to: dict[str, Floats]
    factor: Floats
    stock: Floats
    affected: Flags
    says: set[str] = field(default_factory=set)
    beyond: int = 0
    is_cheaper: bool = False
    is_unpriced: bool = False


class Mover:
    """Applies assumptions one after the other."""

    def __init__(self, inputs: Inputs, found: Estimates, ahead: Mapping[str, Floats]) -> None:
        self.inputs, self.found, self.ahead = inputs, found, ahead
        self.places: Integers = found.pick(inputs.series)
        self.shape = inputs.forecast.shape
        self.multiplier, self.discount = np.ones(self.shape), self._given(DISCOUNT, 0.0)
        self.move = Move(
            without=ahead,
            price=(self._prices(), self._prices()),
            paid=(np.full(self.shape, np.nan),) * 2,
            by={},
            set_to={},
            factor=np.ones(self.shape),
            stock=np.full(self.shape[1], np.inf),
            affected=np.zeros(self.shape[1], dtype=np.bool_),
        )

    def apply(self, assumptions: Sequence[Assumption]) -> Move:
        """Return what they move; raises NobodyMeant or NothingLearnt, naming the assumption."""
        before = self.discount.copy()
        for number, one in enumerate(assumptions):
            cells = self._cells(one, f"assumptions.{number}.scope")
            _APPLY[one.kind](self, one, cells, f"assumptions.{number}.")
        price = self.move.price[0]
        after = price * self.multiplier
        self.move.price = price, after
        self.move.paid = price * (1 - self._off(before)), after * (1 - self._off(self.discount))
        self._beyond(after)
        self._beside(price, after)
        return self.move

    def _given(self, name: str, usual: float) -> Floats:
        told = self.ahead.get(name, np.full(self.shape, np.nan))
        return np.asarray(np.where(np.isnan(told), usual, told), dtype=np.float64)

    def _prices(self) -> Floats:
        last = np.broadcast_to(self.found.price[self.places], self.shape)
        told = self.ahead.get(PRICE, np.full(self.shape, np.nan))
        return np.asarray(np.where(np.isnan(told), last, told), dtype=np.float64)

    def _off(self, discount: Floats) -> Floats:
        """Return discounts as shares; in other units they say nothing of what is paid."""
        shares = (discount >= 0) & (discount < 1)
        return np.asarray(np.where(shares, discount, 0.0), dtype=np.float64)

    def _cells(self, one: Assumption, where: str) -> Flags:
        meant = one.scope.holds(self.inputs.codes)
        if not meant.any():
            raise NobodyMeant(
                _("No series that is forecast belongs to the %(kind)s '%(value)s'.")
                % {"kind": one.scope.kind, "value": one.scope.value},
                hint=self._near(one.scope),
                field=where,
            )
        self.move.affected |= meant
        cells: Flags = np.zeros(self.shape, dtype=np.bool_)
        cells[np.array(one.steps) - 1] = meant
        return cells

    def _near(self, scope: Scope) -> str:
        names = scope.near(self.inputs.codes)
        if not names:
            return _("None of them has a %(kind)s.") % {"kind": scope.kind}
        return _("There is %(names)s.") % {"names": ", ".join(names)}

    def _moves(self, name: str, by: Floats, where: str) -> None:
        if name not in self.found.effects:
            raise NothingLearnt(
                _("The sales of this dataset do not tell what '%(signal)s' does.")
                % {"signal": name},
                hint=_("It never changed so far, or too little."),
                field=where,
            )
        self.move.by[name] = self.move.by.get(name, np.zeros(self.shape)) + by

    def price(self, one: Assumption, cells: Flags, where: str) -> None:
        if np.isnan(self.move.price[0][cells]).all():
            raise NothingLearnt(
                _("No price is known of these series."),
                hint=_("Import a column 'price' to plan prices."),
                field=f"{where}kind",
            )
        self._reprice(one.change, cells, f"{where}kind")

    def _reprice(self, change: float, cells: Flags, where: str) -> None:
        self._moves(PRICE, np.where(cells, np.log(1 + change), 0.0), where)
        self.multiplier = np.where(cells, self.multiplier * (1 + change), self.multiplier)

    def promotion(self, one: Assumption, cells: Flags, where: str) -> None:
        if one.uplift is not None:
            self._said(one.uplift, cells)
            self._take_off(one.discount, cells)
            return
        wanted = (one.signal,) if one.signal else PROMOTIONS[one.promotion]
        names = [name for name in wanted if name in self.found.known]
        if not names:
            raise NothingLearnt(
                _("This dataset has no signal '%(signal)s'.") % {"signal": wanted[-1]},
                hint=_("Name one of %(there)s, or say the uplift yourself.")
                % {"there": ", ".join(self.found.known) or _("none")},
                field=f"{where}signal",
            )
        for name in names:
            self._set(name, cells, f"{where}signal")
        if DISCOUNT not in self.found.effects and self._is_in_price(names, cells):
            self.move.is_cheaper |= one.discount > 0
            self.move.is_unpriced |= not one.discount
            if one.discount:
                self._reprice(-one.discount, cells, f"{where}discount")
            return
        self._take_off(one.discount, cells)
        if one.discount and DISCOUNT in self.found.effects:
            self._set(DISCOUNT, cells, f"{where}discount", one.discount)

    def _is_in_price(self, names: Sequence[str], cells: Flags) -> bool:
        """Say whether prices are what is paid in an offer: lower while it lasts."""
        priced = not self.found.in_price.isdisjoint(names) and PRICE in self.found.effects
        return priced and not np.isnan(self.move.price[0][cells]).all()

    def _take_off(self, discount: float, cells: Flags) -> None:
        self.discount = np.where(cells, np.maximum(self.discount, discount), self.discount)

    def holiday(self, one: Assumption, cells: Flags, where: str) -> None:
        if one.uplift is not None:
            self._said(one.uplift, cells)
        else:
            self._set(HOLIDAY, cells, f"{where}kind")

    def inventory(self, one: Assumption, cells: Flags, where: str) -> None:
        """Share the units among the series by what is forecast of them."""
        meant = cells.any(axis=0)
        expected = np.where(meant, self.inputs.forecast.sum(axis=0), 0.0)
        total = expected.sum()
        share = expected / total if total > 0 else meant / meant.sum()
        stock = np.where(meant, one.units * share, np.inf)
        self.move.stock = np.minimum(self.move.stock, stock)

    def lifecycle(self, one: Assumption, cells: Flags, where: str) -> None:
        self._said(STAGES[one.stage] - 1, cells)

    def _said(self, uplift: float, cells: Flags) -> None:
        self.move.says.add(f"{uplift:+.0%}")
        self.move.factor = np.where(cells, self.move.factor * (1 + uplift), self.move.factor)

    def _set(self, name: str, cells: Flags, where: str, value: float = 1.0) -> None:
        by = np.where(cells, value - self._given(name, 0.0), 0.0)
        self._moves(name, np.maximum(by, 0.0), where)
        unset = self.move.set_to.get(name, np.full(self.shape, np.nan))
        self.move.set_to[name] = np.where(cells, value, unset)

    def _beyond(self, after: Floats) -> None:
        """Count series whose planned price lies outside of all that it ever was."""
        low, high = self.found.lowest[self.places], self.found.highest[self.places]
        moved = self.multiplier != 1
        outside = moved & ((after < low * 0.999) | (after > high * 1.001))
        self.move.beyond = int(outside.any(axis=0).sum())

    def _beside(self, price: Floats, after: Floats) -> None:
        """Let those that stand in for the planned series feel what these do."""
        group = self.found.group[self.places]
        if not (group != substitutes.ALONE).any():
            return
        told = {
            substitutes.PRICES: np.log(after) - np.log(price),
            substitutes.OFFERS: self.move.by.get("promo", np.zeros(self.shape)),
        }
        for name, changes in told.items():
            if name in self.found.effects and np.nan_to_num(changes).any():
                by = np.nan_to_num(substitutes.others(changes, group))
                self.move.by[name] = by
                self.move.affected |= by.any(axis=0)

    def moved(self, places: Integers) -> list[Moved]:
        """Return what moves some series, with the effects of each."""
        at, found = self.places[places], self.found
        return [
            Moved(
                name,
                by[:, places],
                found.effects[name].value[at],
                found.effects[name].own[at],
                found.effects[name].shared[at],
                found.effects[name].common[at],
                found.category[at],
                beside=name in substitutes.OF.values(),
            )
            for name, by in self.move.by.items()
        ]

    def effect(self, places: Integers, *, beside: bool = False) -> Floats:
        """Return what signals multiply sales by; with `beside` those of substitutes alone."""
        moved = self.moved(places)
        if beside:
            moved = [one for one in moved if one.beside]
        return paths.effect(moved, self.shape[0], len(places))


_APPLY = {
    "price": Mover.price,
    "promotion": Mover.promotion,
    "holiday": Mover.holiday,
    "inventory": Mover.inventory,
    "lifecycle": Mover.lifecycle,
}
