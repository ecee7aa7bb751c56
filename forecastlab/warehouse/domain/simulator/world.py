"""Who sells and what is sold: the attributes of stores and products, and when products live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np

from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.streams import Flags, Numbers, Streams

REGIONS = ("North", "South", "East", "West")
CITIES = {
    "North": ("Aldgate", "Brackford", "Corriston"),
    "South": ("Dunmere", "Eastholt", "Farleigh"),
    "East": ("Gransby", "Hallowick", "Ingleton"),
    "West": ("Jessop Bay", "Kilverton", "Lanmouth"),
}
TYPES = ("supermarket", "express", "warehouse")
CATEGORIES = ("Bakery", "Beverages", "Dairy", "Household", "Produce", "Snacks")
BRANDS = ("Alder", "Birch", "Cedar", "Fir", "Willow")
CHEAPEST, DEAREST = 0.99, 29.99
LOWEST_MARGIN, HIGHEST_MARGIN = 0.30, 0.60
GROUP = 3

# Launches lie in the first part of the preset's window; ends in the last part.
LAUNCHES_UNTIL, ENDS_FROM = 0.7, 0.8
ENDING = 0.1
# Where nothing is launched in the window, products are this many days old on the last day.
OLDEST, YOUNGEST = 2_555, 731
# With life cycles, launches reach this many days further back.
EARLIER = 540
INTRODUCTION, GROWTH, MATURITY, DECLINE = 30, 60, 180, 90
STAGES = ("introduction", "growth", "maturity", "decline")


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `launched` and `ends` count days before the last one."""

    code: str
    number: int
    category: str
    brand: str
    usual_price: float
    cost: float
    launched: int
    ends: int | None

    @property
    def group(self) -> int:
        """Return the group of products that stand in for each other."""
        return self.number // GROUP

    def age(self, config: Config) -> Numbers:
        """Return how many days each day lies after the launch, negative before it."""
        return np.arange(self.launched - config.window_days, self.launched + 1, dtype=np.float64)

    def lives(self, config: Config) -> Flags:
        """Say on which days the product is sold."""
        before_last = np.arange(config.window_days, -1, -1)
        return (before_last <= self.launched) & (before_last >= (self.ends or 0))

    def attributes(self, config: Config) -> dict[str, Any]:
        ends = None if self.ends is None else config.as_of - timedelta(days=self.ends)
        return {
            "name": f"{self.brand} {self.category.lower()} {self.code.removeprefix('SKU-')}",
            "category": self.category,
            "brand": self.brand,
            "price": self.usual_price,
            "cost": self.cost,
            "launch_date": (config.as_of - timedelta(days=self.launched)).isoformat(),
            "discontinue_date": ends.isoformat() if ends else None,
            "lifecycle_stage": self._stage(),
            **self._standing_in(config),
        }

    def _standing_in(self, config: Config) -> dict[str, str]:
        """Name the group, where products of one group act on each other."""
        acts = config.has("substitution") or config.has("cannibalisation")
        return {"substitute_group": f"group {self.group + 1}"} if acts else {}

    def _stage(self) -> str:
        if self.ends is not None:
            return "discontinued"
        ends = np.cumsum([INTRODUCTION, GROWTH, MATURITY])
        return STAGES[int(np.searchsorted(ends, self.launched, side="right"))]


@dataclass(frozen=True, slots=True)
class Store:
    code: str
    region: str
    city: str
    kind: str

    def attributes(self) -> dict[str, Any]:
        name = f"{self.city} {self.kind} {self.code.removeprefix('S')}"
        return {"name": name, "region": self.region, "city": self.city, "type": self.kind}


def store_code(number: int) -> str:
    """Return what the store of this number is called; the first is 1."""
    return f"S{number:04}"


def product_code(number: int) -> str:
    """Return what the product of this number is called; the first is 0."""
    return f"SKU-{10_000 + number}"


class World:
    """The stores and products of a config."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.streams = Streams(config.seed)

    @cached_property
    def products(self) -> tuple[Product, ...]:
        return tuple(self._product(number) for number in range(self.config.products))

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        return tuple(self._store(number) for number in range(1, self.config.stores + 1))

    def sold(self, store: Store) -> tuple[Product, ...]:
        """Return the products that this store sells at all."""
        draw, sparsity = self.streams.number, self.config.sparsity
        return tuple(
            one for one in self.products if draw("sells", store.code, one.code) >= sparsity
        )

    def _product(self, number: int) -> Product:
        code = product_code(number)
        draw = self.streams.number
        price = round(CHEAPEST + (DEAREST - CHEAPEST) * draw("list-price", code), 2)
        margin = LOWEST_MARGIN + (HIGHEST_MARGIN - LOWEST_MARGIN) * draw("margin", code)
        return Product(
            code=code,
            number=number,
            category=self._one_of(CATEGORIES, "category", code),
            brand=self._one_of(BRANDS, "brand", code),
            usual_price=price,
            cost=round(price * (1 - margin), 2),
            launched=self._launched(code),
            ends=self._ends(code),
        )

    def _launched(self, code: str) -> int:
        config, share = self.config, self.streams.number("launch", code)
        native = config.native_days or config.window_days
        if config.launches:
            return native - int(share * LAUNCHES_UNTIL * native)
        if config.has("lifecycle"):
            latest = native - int(LAUNCHES_UNTIL * native)
            return latest + int(share * (native + EARLIER - latest))
        return YOUNGEST + int(share * (OLDEST - YOUNGEST))

    def _ends(self, code: str) -> int | None:
        config, native = self.config, self.config.native_days or self.config.window_days
        if not config.has("lifecycle") or self.streams.number("ends", code) >= ENDING:
            return None
        return 1 + int(self.streams.number("end", code) * (1 - ENDS_FROM) * native)

    def _store(self, number: int) -> Store:
        code = store_code(number)
        region = self._one_of(REGIONS, "region", code)
        city = self._one_of(CITIES[region], "city", code)
        return Store(code, region, city, self._one_of(TYPES, "type", code))

    def _one_of(self, names: tuple[str, ...], effect: str, whom: str) -> str:
        return names[int(self.streams.number(effect, whom) * len(names))]
