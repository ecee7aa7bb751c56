"""Promotions and markdowns: what is taken off the price, and what that does to demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecastlab.warehouse.domain.simulator.effects import Scene
from forecastlab.warehouse.domain.simulator.streams import Flags, Numbers
from forecastlab.warehouse.domain.simulator.world import (
    GROWTH,
    INTRODUCTION,
    MATURITY,
    Product,
)

CHAIN_PROMOTIONS = 0.7
SHORTEST, LONGEST = 3, 14
# Kinds of promotions: a share off the price, two for one, a bundle with the next product.
PLAIN, BOGO, BUNDLE = 1, 2, 3
BOGO_UNTIL, BUNDLE_UNTIL = 0.2, 0.4
BOGO_DISCOUNT, BUNDLE_DISCOUNT = 0.5, 0.15
BOGO_LIFT, BUNDLE_LIFT, PARTNER_LIFT = 1.4, 1.15, 1.1
MARKDOWN, MARKDOWN_LIFT, MARKDOWN_DAYS, MARKDOWN_AGE = 0.3, 1.2, 14, 180
LONG_STOCKOUT = 0.9


@dataclass(frozen=True, slots=True)
class Offers:
    """Products x days: what is off the price, the kind of promotion (0 is none), markdowns."""

    discounts: Numbers
    kinds: Numbers
    markdowns: Flags


def offers(scene: Scene, out: Numbers) -> Offers:
    """Return what is on offer; `out` is the share of each day out of stock."""
    drawn = [_offers_of(scene, one.code) for one in scene.products]
    kinds = np.stack([kinds for _discounts, kinds in drawn])
    discounts = np.stack([discounts for discounts, _kinds in drawn])
    marked = np.zeros(scene.shape, dtype=bool)
    if scene.config.has("markdowns"):
        marked = _markdowns(scene, out)
        discounts = np.where(marked, np.maximum(discounts, MARKDOWN), discounts)
    return Offers(discounts, kinds, marked)


def _offers_of(scene: Scene, product: str) -> tuple[Numbers, Numbers]:
    """Return discounts and kinds of one product: its store's own offers, and the chain's."""
    chance = scene.config.promotion_intensity / 30
    own = _drawn(scene, chance * (1 - CHAIN_PROMOTIONS), scene.store.code, product)
    chain = _drawn(scene, chance * CHAIN_PROMOTIONS, product)
    kinds = np.where(own[0] >= chain[0], own[1], chain[1])
    return np.maximum(own[0], chain[0])[::-1], kinds[::-1]


def _drawn(scene: Scene, chance: float, *whom: str) -> tuple[Numbers, Numbers]:
    """Return discounts and kinds, the last day first."""
    streams, days = scene.streams, scene.config.days
    discounts, kinds = np.zeros(days), np.zeros(days)
    begins = np.flatnonzero(streams.uniforms("promotion-start", *whom, days=days) < chance)
    if not begins.size:
        return discounts, kinds
    lengths = streams.uniforms("promotion-length", *whom, days=days)
    depths = np.round(0.1 + 0.4 * streams.uniforms("promotion-depth", *whom, days=days), 2)
    kind_of = np.full(days, PLAIN)
    if scene.config.has("bundles"):
        chosen = streams.uniforms("promotion-kind", *whom, days=days)
        kind_of[chosen < BUNDLE_UNTIL] = BUNDLE
        kind_of[chosen < BOGO_UNTIL] = BOGO
        depths = np.where(kind_of == BUNDLE, BUNDLE_DISCOUNT, depths)
        depths = np.where(kind_of == BOGO, BOGO_DISCOUNT, depths)
    for begin in begins:
        end = begin + SHORTEST + int(lengths[begin] * (LONGEST - SHORTEST + 1))
        deeper = discounts[begin:end] < depths[begin]
        discounts[begin:end][deeper] = depths[begin]
        kinds[begin:end][deeper] = kind_of[begin]
    return discounts, kinds


def promotion(scene: Scene, on_offer: Offers) -> Numbers:
    """Return the lift by kind; a bundle lifts the next product of the store as well."""
    lifts = np.array([1.0, scene.config.promotion_lift, BOGO_LIFT, BUNDLE_LIFT])
    lift = lifts[on_offer.kinds.astype(np.int64)]
    partner = np.zeros(scene.shape, dtype=bool)
    partner[1:] = on_offer.kinds[:-1] == BUNDLE
    return np.where(partner, lift * PARTNER_LIFT, lift)


def markdown(on_offer: Offers) -> Numbers:
    return np.where(on_offer.markdowns, MARKDOWN_LIFT, 1.0)


def _markdowns(scene: Scene, out: Numbers) -> Flags:
    """Say when products are marked down: by age, in decline, and before a long stock-out."""
    by_life = np.stack([_by_life(scene, one) for one in scene.products])
    return by_life | _before(out >= LONG_STOCKOUT, MARKDOWN_DAYS)


def _by_life(scene: Scene, product: Product) -> Flags:
    age = product.age(scene.config)
    marked = (age >= MARKDOWN_AGE) & (age % MARKDOWN_AGE < MARKDOWN_DAYS)
    if not scene.config.has("lifecycle"):
        return marked
    declining = age - (INTRODUCTION + GROWTH + MATURITY)
    return marked | ((declining >= 0) & (declining < MARKDOWN_DAYS))


def _before(flags: Flags, days: int) -> Flags:
    """Return the days that lie at most `days` before a flagged one."""
    until = np.cumsum(flags, axis=1)
    later = np.concatenate([until[:, days:], np.repeat(until[:, -1:], days, axis=1)], axis=1)
    return later[:, : flags.shape[1]] > until
