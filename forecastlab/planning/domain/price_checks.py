"""Whether an estimated elasticity means something: against shuffled prices and held-back weeks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecastlab.forecasting.domain.panel import Flags, Floats, Panel
from forecastlab.planning.domain import pooling, response
from forecastlab.planning.domain.pooling import Pooled
from forecastlab.planning.domain.response import PRICE, Calendar

SEED = 20_240_607
# The usual price of a period is the highest one among so many around it; within this share of it
# a price is the usual one. Signals that differ by less are the same.
AROUND, SAME_PRICE, SAME_SIGNAL = 6, 0.005, 0.05


@dataclass(frozen=True, slots=True)
class Shuffled:
    """How many 95 % intervals cover zero where prices are shuffled and so do nothing."""

    times: int
    every: int
    categories: int
    of: int


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Periods that nothing was learnt from, in which the price was cut and nothing else changed.

    Units are sums over them: what was sold, what is usual in periods of the usual price around
    them, and what the elasticity makes of the usual. `cut` is the mean share off the price.
    """

    periods: int
    cut: float
    usual: float
    sold: float
    expected: float
    low: float
    high: float


def shuffled(panel: Panel, calendar: Calendar, times: int) -> Shuffled:
    """Estimate elasticities of prices whose periods are shuffled, alike for all series."""
    draw = np.random.default_rng(SEED)
    place = panel.signals.names.index(PRICE)
    every = categories = of = 0
    for _ in range(times):
        values = panel.signals.values.copy()
        order = draw.permutation(panel.periods)
        values[place, : panel.periods] = values[place, order]
        mixed = replace(panel, signals=replace(panel.signals, values=values))
        found = _pooled(mixed, calendar)
        if found is None:
            continue
        told = [one for one in found.category if one.series]
        every += _covers(found.every)
        categories += sum(_covers(one) for one in told)
        of += len(told)
    return Shuffled(times, every, categories, of)


def held_back(
    panel: Panel, calendar: Calendar, periods: int, cuts: tuple[float, float]
) -> HeldBack | None:
    """Compare what was sold in the last periods under such cuts with what was to be expected.

    What is expected follows from the periods before alone. None where there are no such cuts.
    """
    origin = panel.periods - periods
    found = _pooled(panel, replace(calendar, until=origin))
    if found is None:
        return None
    usual, change = _usual(panel, origin)
    sold = panel.fit[origin:]
    there = (change <= np.log(1 - cuts[0])) & (change >= np.log(1 - cuts[1]))
    there &= ~np.isnan(sold) & ~np.isnan(usual)
    if not there.any():
        return None
    reach = pooling.NORMAL * found.error
    low, mean, high = (
        float((usual * np.exp(change * one))[there].sum())
        for one in (found.value + reach, found.value, found.value - reach)
    )
    return HeldBack(
        periods=int(there.sum()),
        cut=float(1 - np.exp(change[there]).mean()),
        usual=float(usual[there].sum()),
        sold=float(sold[there].sum()),
        expected=mean,
        low=low,
        high=high,
    )


def _pooled(panel: Panel, calendar: Calendar) -> Pooled | None:
    found = response.effects(panel, [PRICE], calendar)
    return pooling.pool(found, PRICE, panel.groups.category, panel.groups.categories)


def _covers(one: pooling.Estimate) -> int:
    low, high = one.interval
    return int(low <= 0 <= high)


def _usual(panel: Panel, origin: int) -> tuple[Floats, Floats]:
    """Return usual sales, and the change of the logarithm of price from them; from the origin on.

    They are means over the periods around that have the highest price there; NaN where one of
    them was on offer otherwise than the period itself.
    """
    names, until = panel.signals.names, panel.periods
    values = panel.signals.values[:, :until].astype(np.float64)
    price = np.log(values[names.index(PRICE)])
    rest = [
        values[place]
        for place, name in enumerate(names)
        if panel.signals.known[place] and name != PRICE and _is_share(values[place])
    ]
    usual = np.full((until - origin, panel.width), np.nan)
    change = np.full(usual.shape, np.nan)
    for t in range(origin, until):
        around = [one for one in range(t - AROUND, t + AROUND + 1) if 0 <= one < until and one != t]
        known = ~np.isnan(panel.fit[around]) & ~np.isnan(price[around])
        top = np.where(known, price[around], -np.inf).max(axis=0)
        at = known & (price[around] >= top - SAME_PRICE)
        count = np.maximum(at.sum(axis=0), 1)
        good = at.any(axis=0) & (~at | _same(rest, t, around)).all(axis=0)
        mean = np.where(at, panel.fit[around], 0.0).sum(axis=0) / count
        usual[t - origin] = np.where(good, mean, np.nan)
        change[t - origin] = np.where(good, price[t] - np.where(good, top, 0.0), np.nan)
    return usual, change


def _is_share(values: Floats) -> bool:
    """Say whether a signal is a flag or a share: promotions, not prices of others."""
    known = values[~np.isnan(values)]
    return bool(len(known) and known.min() >= 0 and known.max() <= 1 and (known == 0).any())


def _same(signals: list[Floats], t: int, around: list[int]) -> Flags:
    """Say in which of the periods around nothing else was different: periods x series."""
    same: Flags = np.ones((len(around), signals[0].shape[1] if signals else 1), dtype=np.bool_)
    for one in signals:
        apart = np.abs(np.nan_to_num(one[around]) - np.nan_to_num(one[t]))
        same = same & (apart <= SAME_SIGNAL)
    return same
