"""Drawing the sales of one store after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecastlab.warehouse.domain.simulator import effects
from forecastlab.warehouse.domain.simulator.config import Config, SimulationUnusable
from forecastlab.warehouse.domain.simulator.effects import Scene
from forecastlab.warehouse.domain.simulator.streams import Numbers


@dataclass(frozen=True, slots=True)
class Drawn:
    """The facts of one store, and the truth behind them, row by row.

    `facts` has product, t and the columns of the fact table; `truth` has the same keys, the
    demand, what of it was lost, and every factor.
    """

    store: str
    products: tuple[str, ...]
    facts: pl.DataFrame
    truth: pl.DataFrame


def draw(config: Config) -> Iterator[Drawn]:
    """Yield the stores in order. Raises SimulationUnusable when nothing would be sold."""
    products = tuple(f"SKU-{10_000 + number}" for number in range(config.products))
    found = False
    for number in range(1, config.stores + 1):
        scene = Scene(config, f"S{number:04}", products)
        sold = tuple(one for one, here in zip(products, effects.sells(scene), strict=True) if here)
        if sold:
            found = True
            yield _store(Scene(config, scene.store, sold))
    if not found:
        raise SimulationUnusable(
            f"With a sparsity of {config.sparsity:g} no store sells anything; lower it or add "
            "stores or products.",
            field="sparsity",
        )


def _store(scene: Scene) -> Drawn:
    prices, usual = effects.list_prices(scene)
    discounts = effects.promotions(scene)
    factors = {
        "base": effects.base(scene),
        "trend": effects.trend(scene),
        "weekday": effects.weekday(scene),
        "holiday": effects.holiday(scene),
        "promotion": effects.promotion(scene, discounts),
        "price": effects.price(scene, prices, usual),
        "noise": effects.noise(scene),
        "anomaly": effects.anomaly(scene),
    }
    demand = _demand(factors)
    out = effects.stockouts(scene)
    lost = np.rint(demand * out)
    keys = {
        "product": np.repeat(scene.products, scene.config.days),
        "t": np.tile(np.arange(scene.config.days, dtype=np.int32), len(scene.products)),
    }
    holiday = np.broadcast_to(effects.holiday_flags(scene.config), scene.shape)
    facts = {
        "quantity": demand - lost,
        "price": prices,
        "discount": discounts,
        "promo": (discounts > 0).astype(np.float64),
        "stockout_share": out,
        "holiday": holiday,
    }
    truth = {"demand": demand, "lost": lost, **factors}
    return Drawn(scene.store, scene.products, _frame(keys, facts), _frame(keys, truth))


def _demand(factors: dict[str, Numbers]) -> Numbers:
    """Multiply in the order of the factors; whole units, never negative."""
    product = np.ones_like(factors["base"])
    for factor in factors.values():
        product = product * factor
    return np.maximum(np.rint(product), 0.0)


def _frame(keys: dict[str, np.ndarray], values: dict[str, Numbers]) -> pl.DataFrame:
    flat = {name: np.ascontiguousarray(value).ravel() for name, value in values.items()}
    return pl.DataFrame({**keys, **flat})
