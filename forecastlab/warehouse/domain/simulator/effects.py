"""What moves demand whatever the config: each a factor for every product and day of one store.

Arrays are products x days, the first day first. Exponentials and sines, whose last digit depends
on the processor, are rounded, so that equal configs give equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from forecastlab.warehouse.domain.simulator import holidays
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.streams import Numbers, Streams, steady
from forecastlab.warehouse.domain.simulator.world import Product, Store

PRICE_CHANGES = 0.1 / 30
STORE_PRICES = 0.1


@dataclass(frozen=True)
class Scene:
    """One store with the products it sells, over the days of the config."""

    config: Config
    store: Store
    products: tuple[Product, ...]
    streams: Streams

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.products), self.config.days

    @cached_property
    def dates(self) -> list[date]:
        return [self.config.first + timedelta(days=day) for day in range(self.config.days)]

    def uniforms(self, effect: str) -> Numbers:
        """Return one number from 0 to 1 for each series and day."""
        whom, days = self.store.code, self.config.days
        rows = [self.streams.uniforms(effect, whom, one.code, days=days) for one in self.products]
        return np.stack(rows)[:, ::-1]

    def normals(self, effect: str) -> Numbers:
        """Return one standard normal number for each series and day."""
        whom, days = self.store.code, self.config.days
        rows = [self.streams.normals(effect, whom, one.code, days=days) for one in self.products]
        return np.stack(rows)[:, ::-1]

    def everywhere(self, by_day: Numbers) -> Numbers:
        """Return what holds for all products, day by day, for each of them."""
        return np.broadcast_to(by_day, self.shape)


def base(scene: Scene) -> Numbers:
    """Return the level of each product in this store."""
    config, draw = scene.config, scene.streams.number
    size = 0.7 + 0.6 * draw("store-size", scene.store.code)
    liking = [0.4 + 1.4 * draw("product-level", one.code) for one in scene.products]
    return np.repeat(np.array(liking)[:, None] * config.base * size, config.days, axis=1)


def trend(scene: Scene) -> Numbers:
    """Return a line or a curve that is 1 on the last day."""
    days = np.arange(-scene.config.window_days, 1, dtype=np.float64)
    if scene.config.curve == "exponential":
        return scene.everywhere(steady(np.exp(scene.config.slope * days)))
    return scene.everywhere(np.maximum(1 + scene.config.slope * days, 0.0))


def weekday(scene: Scene) -> Numbers:
    first = scene.config.first.weekday()
    factors = np.array(scene.config.weekdays)
    return scene.everywhere(factors[(first + np.arange(scene.config.days)) % 7])


def month(scene: Scene) -> Numbers:
    return scene.everywhere(np.array([scene.config.months[day.month - 1] for day in scene.dates]))


def holiday_flags(scene: Scene) -> Numbers:
    """Say which days are holidays: the federal ones, and those of the rush where there is one."""
    config = scene.config
    days = set(holidays.between(config.first, config.as_of))
    if config.rush:
        days |= holidays.rush_between(config.first, config.as_of).keys()
    return np.array([float(day in days) for day in scene.dates])


def holiday(scene: Scene) -> Numbers:
    config = scene.config
    lift = 1 + (config.holiday_lift - 1) * holiday_flags(scene)
    if config.rush:
        for day, which in holidays.rush_between(config.first, config.as_of).items():
            lift[(day - config.first).days] = config.rush[which]
    return scene.everywhere(lift)


def list_prices(scene: Scene) -> Numbers:
    """Return the prices by day."""
    usual = np.array([one.usual_price for one in scene.products])
    paths = np.stack([_price_path(scene, one.code) for one in scene.products])
    return np.round(usual[:, None] * paths, 2)


def _price_path(scene: Scene, product: str) -> Numbers:
    """Return the price as a share of the usual one; one store in ten goes its own way."""
    streams, days, store = scene.streams, scene.config.days, scene.store.code
    own = streams.number("own-price", store, product) < STORE_PRICES
    whom = (store, product) if own else (product,)
    changed = streams.uniforms("price-change", *whom, days=days) < PRICE_CHANGES
    span = np.cumsum(changed)
    levels = 0.8 + 0.4 * streams.uniforms("price-level", *whom, days=int(span[-1]) + 1)
    levels[0] = 1.0
    return np.asarray(levels[span][::-1])


def price(scene: Scene, prices: Numbers) -> Numbers:
    usual = np.array([one.usual_price for one in scene.products])
    return np.asarray(1 + scene.config.elasticity * (prices / usual[:, None] - 1))


def noise(scene: Scene) -> Numbers:
    return 1 + scene.config.noise_sigma * scene.normals("noise")


def anomaly(scene: Scene) -> Numbers:
    """Return a spike or a dip on odd days, half of them each."""
    config, odd = scene.config, scene.uniforms("anomaly")
    dip = np.where(odd < config.anomalies, 1 / config.anomaly_size, 1.0)
    return np.where(odd < config.anomalies / 2, config.anomaly_size, dip)
