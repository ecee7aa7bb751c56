"""What can happen around the sales, each switched on by its name: factors and signals.

Arrays are products x days, the first day first; what holds for a store or region is a row of days.
"""

from __future__ import annotations

import math

import numpy as np

from forecastlab.warehouse.domain.simulator.effects import Scene
from forecastlab.warehouse.domain.simulator.streams import Flags, Numbers, steady
from forecastlab.warehouse.domain.simulator.world import (
    DECLINE,
    GROWTH,
    INTRODUCTION,
    MATURITY,
)

AMPLITUDE, YEAR = 0.2, 365
SHIFTS, SHIFT_DECAY, SHIFT_MEMORY = 1 / 120, 30, 150
SMALLEST_SHIFT, LARGEST_SHIFT = 0.6, 1.6
MEAN_TEMPERATURE, TEMPERATURE_SWING, TEMPERATURE_SIGMA = 15.0, 12.0, 2.0
# The day of the year on which the wave of temperature crosses its mean, upwards.
SPRING = 105
PER_DEGREE = 0.01
MACRO_LEVEL, MACRO_SIGMA = 100.0, 0.5
EVENTS, EVENT_LIFT = 0.02, 1.25
ONLINE, COLLECT, WHOLESALE = 0.15, 0.08, 0.05
INSTEAD, AWAY = 0.3, 0.15
# By so much of their change do the prices of others of a group move sales, the same way.
CROSS_PRICE = 0.3
FIRST_DEMAND, GROWN_DEMAND = 0.2, 0.5


def _wave(scene: Scene, phase: float) -> Numbers:
    days = np.array([day.timetuple().tm_yday for day in scene.dates], dtype=np.float64)
    return steady(np.sin(2 * math.pi * (days + phase) / YEAR))


def season(scene: Scene) -> Numbers:
    """Return 1 + A sin(2 pi (day of the year + phase) / 365), the phase by category."""
    waves: dict[str, Numbers] = {}
    for one in scene.products:
        if one.category not in waves:
            phase = int(scene.streams.number("season", one.category) * YEAR)
            waves[one.category] = 1 + AMPLITUDE * _wave(scene, phase)
    return np.stack([waves[one.category] for one in scene.products])


def changepoints(scene: Scene) -> Numbers:
    """Return 1 + sum (m - 1) exp(-days since / decay) over the shifts of the last 150 days."""
    fade = steady(np.exp(-np.arange(SHIFT_MEMORY) / SHIFT_DECAY))
    whom, days = scene.store.code, scene.config.days + SHIFT_MEMORY
    rows = []
    for one in scene.products:
        hits = scene.streams.uniforms("shift", whom, one.code, days=days) < SHIFTS
        sizes = scene.streams.uniforms("shift-size", whom, one.code, days=days)
        sizes = SMALLEST_SHIFT + (LARGEST_SHIFT - SMALLEST_SHIFT) * sizes - 1
        level = np.zeros(days)
        for day in np.flatnonzero(hits[::-1]):
            reached = level[day : day + SHIFT_MEMORY]
            reached += sizes[::-1][day] * fade[: reached.size]
        rows.append(1 + np.maximum(level[SHIFT_MEMORY:], -1.0))
    return np.stack(rows)


def temperature(scene: Scene) -> Numbers:
    """Return the degrees Celsius of each day in the store's region."""
    config = scene.config
    drawn = scene.streams.normals("weather", scene.store.region, days=config.days)[::-1]
    mean = MEAN_TEMPERATURE + TEMPERATURE_SWING * _wave(scene, -SPRING)
    return np.round(mean + TEMPERATURE_SIGMA * drawn, 1)


def weather(scene: Scene, degrees: Numbers) -> Numbers:
    return scene.everywhere(np.maximum(1 + PER_DEGREE * (degrees - MEAN_TEMPERATURE), 0.0))


def macro_index(scene: Scene) -> Numbers:
    """Return a walk of normal steps that ends at 100 on the last day."""
    steps = scene.streams.normals("macro", days=scene.config.days)
    back = np.concatenate([[0.0], np.cumsum(MACRO_SIGMA * steps[:-1])])
    return np.round(MACRO_LEVEL + back[::-1], 2)


def macro(scene: Scene, index: Numbers) -> Numbers:
    return scene.everywhere(np.maximum(index / MACRO_LEVEL, 0.0))


def event_flags(scene: Scene) -> Numbers:
    drawn = scene.streams.uniforms("event", scene.store.code, days=scene.config.days)[::-1]
    return (drawn < EVENTS).astype(np.float64)


def events(scene: Scene, flags: Numbers) -> Numbers:
    return scene.everywhere(1 + (EVENT_LIFT - 1) * flags)


def channel_shares(scene: Scene) -> dict[str, Numbers]:
    """Return what is bought otherwise than in the store, as shares of its usual sales by day.

    A store's taste for each is its own; wholesale buys from Monday to Friday.
    """
    draw, whom = scene.streams.number, scene.store.code
    working = np.array([7 / 5 if day.weekday() < 5 else 0.0 for day in scene.dates])
    shares = {
        "online": ONLINE * (0.5 + draw("online", whom)) * np.ones(scene.config.days),
        "click_collect": COLLECT * (0.5 + draw("collect", whom)) * np.ones(scene.config.days),
        "wholesale": WHOLESALE * (0.5 + draw("wholesale", whom)) * working,
    }
    return {name: np.round(share, 4) for name, share in shares.items()}


def channels(scene: Scene, shares: dict[str, Numbers]) -> Numbers:
    """Return the demand of all channels over its mean of a week: less at the weekend."""
    usual = sum(float(share[-7:].mean()) for share in shares.values())
    return scene.everywhere(1 + sum(shares.values()) - np.round(usual, 4))


def by_channel(quantity: Numbers, shares: dict[str, Numbers]) -> dict[str, Numbers]:
    """Split whole units: what no other channel sold, the store did."""
    whole = 1 + sum(shares.values())
    return {name: np.floor(quantity * (share / whole)) for name, share in shares.items()}


def groups(scene: Scene) -> list[Flags]:
    """Return, for each group of products that stand in for each other, which rows are its own."""
    numbers = np.array([one.group for one in scene.products])
    return [numbers == one for one in np.unique(numbers)]


def substitution(groups_of: list[Flags], out: Numbers, promoted: Numbers) -> Numbers:
    """Return the lift by what the others of a group lack, less the pull of their promotions.

    Each other product that is out of stock all day brings a third of INSTEAD with it in a group of
    three; arrays are products x days, or one day of products.
    """
    lift = np.ones(out.shape)
    for rows in groups_of:
        others = max(int(rows.sum()) - 1, 1)
        lacking = (out[rows].sum(axis=0) - out[rows]) / others
        offered = (promoted[rows].sum(axis=0) - promoted[rows]) / others
        lift[rows] = (1 + INSTEAD * lacking) * (1 - AWAY * offered)
    return lift


def cannibalisation(scene: Scene, prices: Numbers, lives: Flags) -> Numbers:
    """Return 1 + c (mean of price / usual price of the others of a group that live, less 1).

    A cut of one takes sales from the others; where there are none, nothing happens.
    """
    usual = np.array([one.usual_price for one in scene.products])
    away = np.where(lives, prices / usual[:, None] - 1, 0.0)
    lift = np.ones(scene.shape)
    for rows in groups(scene):
        others = lives[rows].sum(axis=0) - lives[rows]
        moved = away[rows].sum(axis=0) - away[rows]
        lift[rows] = 1 + CROSS_PRICE * moved / np.maximum(others, 1)
    return lift


def ramp(scene: Scene) -> Numbers:
    """Return the share of demand that a product has reached so many days after its launch."""
    ages = np.stack([one.age(scene.config) for one in scene.products])
    return np.clip((ages + 1) / scene.config.ramp_days, 0.0, 1.0)


def lifecycle(scene: Scene) -> Numbers:
    """Return the curve of life: introduction, growth, maturity, and a decline that halves."""
    ages = np.stack([one.age(scene.config) for one in scene.products])
    grown, mature = INTRODUCTION + GROWTH, INTRODUCTION + GROWTH + MATURITY
    rising = np.interp(ages, [0, INTRODUCTION, grown], [FIRST_DEMAND, GROWN_DEMAND, 1.0])
    falling = steady(np.exp(-np.maximum(ages - mature, 0.0) / DECLINE))
    return np.where(ages >= 0, steady(rising) * falling, 0.0)
