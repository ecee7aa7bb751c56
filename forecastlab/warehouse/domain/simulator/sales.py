"""Drawing the sales of one store after the other.

What acts on demand is known before demand is drawn, and what limits sales before they are made:

    demand = base x trend x weekday x month x holiday x promotion x markdown x price x ramp x season
             x changepoints x weather x macro x events x channels x substitution
             x cannibalisation x lifecycle x (1 + noise) x anomaly,
             rounded to whole units, at least 0, and 0 where nothing lives
    sales  = demand - what was lost to empty shelves
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from forecastlab.warehouse.domain.simulator import effects, offers, shelves, surroundings
from forecastlab.warehouse.domain.simulator.config import Config, nothing_sold
from forecastlab.warehouse.domain.simulator.effects import Scene
from forecastlab.warehouse.domain.simulator.offers import BOGO, BUNDLE, Offers
from forecastlab.warehouse.domain.simulator.shelves import REASONS, Returns, Shelf
from forecastlab.warehouse.domain.simulator.streams import Flags, Numbers
from forecastlab.warehouse.domain.simulator.world import Product, Store, World

Factors = dict[str, Numbers]

# Signal -> the generator that brings it, and whether it is known ahead.
SIGNALS: Mapping[str, tuple[str, bool]] = {
    "temperature": ("weather", False),
    "macro_index": ("macro", False),
    "event": ("events", True),
    "online": ("channels", False),
    "click_collect": ("channels", False),
    "wholesale": ("channels", False),
    "bogo": ("bundles", True),
    "bundle": ("bundles", True),
    "markdown": ("markdowns", True),
    "returns": ("returns", False),
}
LONGEST_GAP, SHORTEST_GAP = 10, 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """The facts of one store, and the truth behind them, row by row.

    `facts` has code (the place in `products`), t, the columns of the fact table and a column for
    each signal; `truth` has the same rows: the demand, what of it was lost, and every factor.
    """

    store: Store
    products: tuple[Product, ...]
    facts: pl.DataFrame
    truth: pl.DataFrame


def signals(config: Config) -> list[tuple[str, bool]]:
    """Return the signals that this config brings, and whether each is known ahead."""
    return [(name, known) for name, (of, known) in SIGNALS.items() if config.has(of)]


def columns(config: Config) -> list[str]:
    """Return the columns of the fact table that hold something."""
    stock = ["stock"] if config.has("replenishment") else []
    return ["quantity", "price", "discount", "promo", "stockout_share", *stock, "holiday"]


def draw(world: World) -> Iterator[Drawn]:
    """Yield the stores in order. Raises SimulationUnusable when nothing would be sold."""
    found = False
    for store in world.stores:
        sold = world.sold(store)
        if sold:
            found = True
            yield _store(Scene(world.config, store, sold, world.streams))
    if not found:
        raise nothing_sold(world.config)


def usually_missing(config: Config) -> float:
    """Return how many days of a series lie in gaps, on average."""
    stretches = config.days / _stretch(config) if config.gaps else 0.0
    return stretches * (SHORTEST_GAP + LONGEST_GAP) / 2


@dataclass(frozen=True, slots=True)
class _Known:
    """What is settled in a store before anything is sold."""

    prices: Numbers
    offers: Offers
    out: Numbers
    holidays: Numbers
    lives: Flags
    # Signals, each a row of days or products x days; channels as shares of the sales in store.
    signals: dict[str, Numbers]
    shares: dict[str, Numbers]
    returns: Returns | None


def _store(scene: Scene) -> Drawn:
    known = _known(scene)
    factors = _factors(scene, known)
    shelf = _sold(scene, known, factors)
    keep = known.lives & ~_gaps(scene) if scene.config.gaps else known.lives
    facts = {
        "quantity": shelf.quantity,
        "price": known.prices,
        "discount": known.offers.discounts,
        "promo": (known.offers.kinds > 0).astype(np.float64),
        "stockout_share": shelf.out,
        **({} if shelf.stock is None else {"stock": shelf.stock}),
        "holiday": known.holidays,
        **_signals(scene, known, shelf),
    }
    truth = {"demand": shelf.demand, "lost": shelf.lost, **factors}
    frame = _frame(scene, keep, {**truth, **_returned(known, shelf)})
    if known.returns:
        frame = frame.with_columns(
            pl.col("return_lag").fill_nan(None),
            pl.col("return_reason").replace_strict(dict(enumerate(REASONS)), default=None),
        )
    return Drawn(scene.store, scene.products, _frame(scene, keep, facts), frame)


def _known(scene: Scene) -> _Known:
    config, out = scene.config, shelves.stockouts(scene)
    told: dict[str, Numbers] = {}
    if config.has("weather"):
        told["temperature"] = surroundings.temperature(scene)
    if config.has("macro"):
        told["macro_index"] = surroundings.macro_index(scene)
    if config.has("events"):
        told["event"] = surroundings.event_flags(scene)
    lives = np.stack([one.lives(config) for one in scene.products])
    return _Known(
        prices=effects.list_prices(scene),
        offers=offers.offers(scene, out),
        out=out,
        holidays=effects.holiday_flags(scene),
        lives=lives,
        signals=told,
        shares=surroundings.channel_shares(scene) if config.has("channels") else {},
        returns=shelves.returns(scene) if config.has("returns") else None,
    )


def _factors(scene: Scene, known: _Known) -> Factors:
    """Return every factor in the order in which they are multiplied; those in force alone."""
    config = scene.config
    found: dict[str, Numbers | None] = {
        "base": effects.base(scene),
        "trend": effects.trend(scene),
        "weekday": effects.weekday(scene),
        "month": effects.month(scene) if config.months else None,
        "holiday": effects.holiday(scene),
        "promotion": offers.promotion(scene, known.offers),
        "markdown": offers.markdown(known.offers) if config.has("markdowns") else None,
        "price": effects.price(scene, known.prices),
        "ramp": _ramp(scene),
        **_surroundings(scene, known),
        "noise": effects.noise(scene),
        "anomaly": effects.anomaly(scene),
    }
    return {name: factor for name, factor in found.items() if factor is not None}


def _ramp(scene: Scene) -> Numbers | None:
    """Return the ramp after launches; the curve of life takes its place where there is one."""
    config = scene.config
    return surroundings.ramp(scene) if config.launches and not config.has("lifecycle") else None


def _surroundings(scene: Scene, known: _Known) -> Factors:
    told = known.signals
    makers: dict[str, Any] = {
        "season": lambda: surroundings.season(scene),
        "changepoints": lambda: surroundings.changepoints(scene),
        "weather": lambda: surroundings.weather(scene, told["temperature"]),
        "macro": lambda: surroundings.macro(scene, told["macro_index"]),
        "events": lambda: surroundings.events(scene, told["event"]),
        "channels": lambda: surroundings.channels(scene, known.shares),
        "substitution": lambda: _substitution(scene, known),
        "cannibalisation": lambda: surroundings.cannibalisation(scene, known.prices, known.lives),
        "lifecycle": lambda: surroundings.lifecycle(scene),
    }
    return {name: make() for name, make in makers.items() if scene.config.has(name)}


def _substitution(scene: Scene, known: _Known) -> Numbers:
    offered = (known.offers.discounts > 0) & known.lives
    return surroundings.substitution(
        surroundings.groups(scene), known.out * known.lives, offered.astype(np.float64)
    )


def _sold(scene: Scene, known: _Known, factors: Factors) -> Shelf:
    if not scene.config.has("replenishment"):
        demand = np.where(known.lives, _demand(list(factors.values())), 0.0)
        return shelves.sell(demand, known.out, known.returns)
    expected = factors["base"][:, 0] * factors["trend"][:, 0]
    groups = surroundings.groups(scene) if "substitution" in factors else []
    offered = ((known.offers.discounts > 0) & known.lives).astype(np.float64)

    def demand_on(day: int, empty: Numbers) -> Numbers:
        lives = known.lives[:, day]
        if groups:
            lacking = np.maximum(known.out[:, day], empty) * lives
            lift = surroundings.substitution(groups, lacking, offered[:, day])
            factors["substitution"][:, day] = lift
        return np.where(lives, _demand([one[:, day] for one in factors.values()]), 0.0)

    return shelves.Replenishment(scene, expected, known.out).sell(demand_on, known.returns)


def _demand(factors: list[Numbers]) -> Numbers:
    """Multiply in the order of the factors; whole units, never negative."""
    product = np.ones_like(factors[0])
    for factor in factors:
        product = product * factor
    return np.maximum(np.rint(product), 0.0)


def _signals(scene: Scene, known: _Known, shelf: Shelf) -> dict[str, Numbers]:
    """Return the values of each signal under the name of its place."""
    kinds = known.offers.kinds
    told = {
        **known.signals,
        **surroundings.by_channel(shelf.quantity, known.shares),
        "bogo": (kinds == BOGO).astype(np.float64),
        "bundle": (kinds == BUNDLE).astype(np.float64),
        "markdown": known.offers.markdowns.astype(np.float64),
        "returns": shelf.back,
    }
    names = [name for name, _known_ahead in signals(scene.config)]
    return {f"signal_{place}": told[name] for place, name in enumerate(names)}


def _returned(known: _Known, shelf: Shelf) -> dict[str, Numbers]:
    """Return what of each day's sales comes back, after how many days, and why."""
    if not known.returns:
        return {}
    units = known.returns.of(shelf.quantity, slice(None))
    comes = units > 0
    return {
        "returned": units,
        "return_lag": np.where(comes, known.returns.lags, np.nan),
        "return_reason": np.where(comes, known.returns.reasons, -1.0),
    }


def _stretch(config: Config) -> int:
    """Return how many days there are to a gap."""
    return -(-(config.native_days + 1) // config.gaps)


def _gaps(scene: Scene) -> Flags:
    """Say which days are missing: so many stretches of 2 to 10 days in each native window.

    Each lies in a stretch of its own between two days that are there.
    """
    config, missing = scene.config, np.zeros(scene.shape, dtype=bool)
    stretch, whom = _stretch(config), scene.store.code
    draws = -(-config.days // stretch)
    for row, one in enumerate(scene.products):
        lengths = scene.streams.uniforms("gap-length", whom, one.code, days=draws)
        places = scene.streams.uniforms("gap-place", whom, one.code, days=draws)
        for number in range(draws):
            length = SHORTEST_GAP + int(lengths[number] * (LONGEST_GAP - SHORTEST_GAP + 1))
            room = stretch - length - 2
            end = config.days - number * stretch - 1 - int(places[number] * room)
            missing[row, max(0, end - length) : max(0, end)] = True
    return missing


def _frame(scene: Scene, keep: Flags, values: Mapping[str, Numbers]) -> pl.DataFrame:
    """Return the kept rows, product after product, with `code` and `t`."""
    rows, days = np.nonzero(keep)
    kept = {name: np.broadcast_to(value, scene.shape)[rows, days] for name, value in values.items()}
    return pl.DataFrame({"code": rows.astype(np.uint32), "t": days.astype(np.int32), **kept})
