"""What moves demand: each a factor for every product and day of one store.

Arrays are products x days, the first day first. Nothing here uses functions whose last digit
depends on the processor (exponentials, sines), so that equal configs give equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from forecastlab.warehouse.domain.simulator import holidays
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.streams import Numbers, normals, stream, uniforms

PRICE_CHANGES = 0.1 / 30
STORE_PRICES = 0.1
CHAIN_PROMOTIONS = 0.7
SHORTEST, LONGEST = 3, 14


@dataclass(frozen=True, slots=True)
class Scene:
    """One store with its products, over the days of the config."""

    config: Config
    store: str
    products: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.products), self.config.days


def base(scene: Scene) -> Numbers:
    """Return the level of each product in this store."""
    config = scene.config
    size = 0.7 + 0.6 * stream(config.seed, "store-size", scene.store).random()
    liking = [
        0.4 + 1.4 * stream(config.seed, "product-level", product).random()
        for product in scene.products
    ]
    return np.repeat(np.array(liking)[:, None] * config.base * size, config.days, axis=1)


def trend(scene: Scene) -> Numbers:
    """Return a line that is 1 on the last day."""
    days = np.arange(-scene.config.window_days, 1, dtype=np.float64)
    return np.broadcast_to(1 + scene.config.slope * days, scene.shape)


def weekday(scene: Scene) -> Numbers:
    first = scene.config.first.weekday()
    factors = np.array(scene.config.weekdays)
    return np.broadcast_to(factors[(first + np.arange(scene.config.days)) % 7], scene.shape)


def holiday_flags(config: Config) -> Numbers:
    days = holidays.between(config.first, config.as_of)
    moments = (config.first + timedelta(days=day) for day in range(config.days))
    return np.array([float(day in days) for day in moments])


def holiday(scene: Scene) -> Numbers:
    lift = 1 + (scene.config.holiday_lift - 1) * holiday_flags(scene.config)
    return np.broadcast_to(lift, scene.shape)


def list_prices(scene: Scene) -> tuple[Numbers, Numbers]:
    """Return the prices by day, and the price that each product usually has."""
    usual = [
        round(0.99 + 29.0 * stream(scene.config.seed, "list-price", product).random(), 2)
        for product in scene.products
    ]
    paths = np.stack([_price_path(scene, product) for product in scene.products])
    return np.round(np.array(usual)[:, None] * paths, 2), np.array(usual)


def _price_path(scene: Scene, product: str) -> Numbers:
    """Return the price as a share of the usual one; one store in ten goes its own way."""
    seed, days = scene.config.seed, scene.config.days
    own = stream(seed, "own-price", scene.store, product).random() < STORE_PRICES
    whom = (scene.store, product) if own else (product,)
    changed = uniforms(seed, "price-change", *whom, days=days) < PRICE_CHANGES
    span = np.cumsum(changed)
    levels = 0.8 + 0.4 * stream(seed, "price-level", *whom).random(int(span[-1]) + 1)
    levels[0] = 1.0
    return np.asarray(levels[span][::-1])


def price(scene: Scene, prices: Numbers, usual: Numbers) -> Numbers:
    return 1 + scene.config.elasticity * (prices / usual[:, None] - 1)


def promotions(scene: Scene) -> Numbers:
    """Return the share taken off the price, 0 where nothing is promoted."""
    return np.stack([_discounts(scene, product) for product in scene.products])


def _discounts(scene: Scene, product: str) -> Numbers:
    chance = scene.config.promotion_intensity / 30
    own = _offers(scene, chance * (1 - CHAIN_PROMOTIONS), scene.store, product)
    chain = _offers(scene, chance * CHAIN_PROMOTIONS, product)
    return np.maximum(own, chain)[::-1]


def _offers(scene: Scene, chance: float, *whom: str) -> Numbers:
    """Return the discounts of offers, the last day first."""
    seed, days = scene.config.seed, scene.config.days
    begins = np.flatnonzero(uniforms(seed, "promotion-start", *whom, days=days) < chance)
    lengths = uniforms(seed, "promotion-length", *whom, days=days)[begins]
    depths = np.round(0.1 + 0.4 * uniforms(seed, "promotion-depth", *whom, days=days), 2)
    discounts = np.zeros(days)
    for begin, length in zip(begins, lengths, strict=True):
        end = begin + SHORTEST + int(length * (LONGEST - SHORTEST + 1))
        discounts[begin:end] = np.maximum(discounts[begin:end], depths[begin])
    return discounts


def promotion(scene: Scene, discounts: Numbers) -> Numbers:
    return np.where(discounts > 0, scene.config.promotion_lift, 1.0)


def noise(scene: Scene) -> Numbers:
    config = scene.config
    draws = [
        normals(config.seed, "noise", scene.store, product, days=config.days)[::-1]
        for product in scene.products
    ]
    return 1 + config.noise_sigma * np.stack(draws)


def anomaly(scene: Scene) -> Numbers:
    """Return 2 or a half on odd days, half of them each."""
    config = scene.config
    draws = [
        uniforms(config.seed, "anomaly", scene.store, product, days=config.days)[::-1]
        for product in scene.products
    ]
    odd = np.stack(draws)
    return np.where(odd < config.anomalies / 2, 2.0, np.where(odd < config.anomalies, 0.5, 1.0))


def stockouts(scene: Scene) -> Numbers:
    """Return the share of the day without stock, 0 on most days."""
    config = scene.config
    shares = []
    for product in scene.products:
        whom = (scene.store, product)
        hit = uniforms(config.seed, "stockout", *whom, days=config.days)
        length = uniforms(config.seed, "stockout-length", *whom, days=config.days)
        share = np.round(0.25 + 0.75 * length, 2)
        shares.append(np.where(hit < config.stockout_intensity, share, 0.0)[::-1])
    return np.stack(shares)


def sells(scene: Scene) -> list[bool]:
    """Say which products this store sells at all."""
    config = scene.config
    return [
        stream(config.seed, "sells", scene.store, product).random() >= config.sparsity
        for product in scene.products
    ]
