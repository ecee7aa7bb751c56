"""What a plan does to a forecast, drawn many times with and without it from the same chances.

A draw takes one path of sales as the forecast's ranges have it, and one effect of every changed
signal as its standard error has it. Both paths of a draw, with the plan and without, share the
first and differ by the second alone: so what is uncertain about the forecast itself cancels in
their difference (common random numbers; Law and Kelton, "Simulation Modeling and Analysis").

Chances of a series follow from its name, so that they are the same beside others and alone.
Arrays are steps x series, those of draws draws x steps x series.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.panel import Floats, Integers

DRAWS, SEED = 200, 20_240_607
# Places of the stored ranges on a normal scale, and of one end of an 80 % range.
PLACES = np.array([-1.959964, -1.281552, 0.0, 1.281552, 1.959964])
EIGHTY = 1.281552
# A number that no category has.
EVERYWHERE = 2**31
# No effect on the logarithm of sales is believed beyond this.
STRONGEST = 3.0


@dataclass(frozen=True, slots=True)
class Ranges:
    """The issued forecast of some series: five quantiles, 5 x steps x series, and its sum's."""

    quantiles: Floats
    total: Floats
    total_low: Floats
    total_high: Floats


@dataclass(frozen=True, slots=True)
class Moved:
    """By how much a plan moves one signal, steps x series, and what that does, by series.

    `value` is the effect on the logarithm of sales of one unit of the signal; `own`, `shared` and
    `common` are the parts of its standard error, the second in common with the series of its
    `category`, the third with all.
    `beside` says that the signal tells of substitutes.
    """

    name: str
    by: Floats
    value: Floats
    own: Floats
    shared: Floats
    common: Floats
    category: Integers
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sales without and with the plan; `taken` is what of the latter substitutes bring or take."""

    without: Floats
    planned: Floats
    taken: Floats | None = None


def alike(ranges: Ranges) -> Floats:
    """Return how much alike errors of one series are from step to step, 0 to 1.

    A sum of n steps of equal spread s varies by s^2 (n + n (n - 1) r): r is what makes the range
    of the sum what it is.
    """
    spread = (ranges.quantiles[3] - ranges.quantiles[1]) / (2 * EIGHTY)
    whole = ((ranges.total_high - ranges.total_low) / (2 * EIGHTY)) ** 2
    apart, together = (spread**2).sum(axis=0), spread.sum(axis=0) ** 2
    room = together - apart
    found = np.divide(whole - apart, room, out=np.zeros(len(whole)), where=room > 1e-12)
    return np.asarray(np.clip(found, 0.0, 1.0), dtype=np.float64)


def chances(names: Sequence[str], steps: int, draws: int = DRAWS) -> tuple[Floats, Floats]:
    """Return standard normal numbers: draws x steps + 1 x series for sales, draws x series."""
    sales, effects = np.empty((draws, steps + 1, len(names))), np.empty((draws, len(names)))
    for place, name in enumerate(names):
        random = np.random.default_rng([SEED, zlib.crc32(name.encode())])
        drawn = random.standard_normal((draws, steps + 2))
        sales[:, :, place], effects[:, place] = drawn[:, 1:], drawn[:, 0]
    return sales, effects


def draw(ranges: Ranges, point: Floats, moved: Sequence[Moved], names: Sequence[str]) -> Drawn:
    """Draw paths; `point` is what the plan multiplies the forecast by if its effects are right."""
    steps = point.shape[0]
    sales, own = chances(names, steps)
    r = alike(ranges)
    places = np.sqrt(r) * sales[:, :1] + np.sqrt(1 - r) * sales[:, 1:]
    without = _centred(_at(ranges.quantiles, places), ranges.quantiles[2])
    planned = without * factors(point, moved, own)
    beside = [one for one in moved if one.beside]
    if not beside:
        return Drawn(without, planned)
    expected = effect(beside, *point.shape)
    return Drawn(without, planned, planned * (1 - 1 / factors(expected, beside, own)))


def factors(point: Floats, moved: Sequence[Moved], own: Floats) -> Floats:
    """Return what each draw multiplies sales by: draws x steps x series.

    One series' effects of several signals err together, as those of one category do, and of all.
    """
    away = np.zeros((len(own), *point.shape))
    for one in moved:
        numbers, which = np.unique(one.category, return_inverse=True)
        shared = np.stack([_shared(one.name, number, len(own)) for number in numbers.tolist()])
        together = shared[which].T
        everywhere = _shared(one.name, EVERYWHERE, len(own))[:, None]
        error = one.own * own + one.shared * together + one.common * everywhere
        away += error[:, None, :] * one.by
    logs = np.log(np.maximum(point, 1e-12)) + away
    bounded = np.exp(np.clip(logs, -STRONGEST, STRONGEST))
    return np.asarray(np.where(point > 0, bounded, 0.0), dtype=np.float64)


def effect(moved: Sequence[Moved], steps: int, width: int) -> Floats:
    """Return what moved signals multiply sales by, if their effects are right."""
    away = np.zeros((steps, width))
    for one in moved:
        away += one.by * one.value
    return np.asarray(np.exp(np.clip(away, -STRONGEST, STRONGEST)), dtype=np.float64)


def capped(sales: Floats, stock: Floats) -> Floats:
    """Return what is sold while stock lasts: sales add up to no more, step after step.

    `sales` may have leading axes; `stock` has one number a series, infinite where there is plenty.
    """
    upto = np.cumsum(sales, axis=-2)
    left = np.maximum(stock - (upto - sales), 0.0)
    return np.asarray(np.where(upto <= stock, sales, np.minimum(sales, left)), dtype=np.float64)


def _centred(drawn: Floats, forecast: Floats) -> Floats:
    """Let draws be the forecast on average: its ranges reach further up than down.

    Otherwise sums over many series would lie around another number than the forecast does.
    """
    mean = drawn.mean(axis=0)
    ratio = np.divide(forecast, mean, out=np.ones(mean.shape), where=mean > 0)
    return np.asarray(drawn * ratio, dtype=np.float64)


def _shared(name: str, category: int, draws: int) -> Floats:
    random = np.random.default_rng([SEED, zlib.crc32(name.encode()), category])
    return random.standard_normal(draws)


def _at(quantiles: Floats, places: Floats) -> Floats:
    """Return the sales that stand at places of a normal scale: lines between the quantiles.

    Beyond the outer ones the last line goes on; nothing is below zero.
    """
    found = np.empty(places.shape)
    which = np.clip(np.searchsorted(PLACES, places) - 1, 0, len(PLACES) - 2)
    for one in range(len(PLACES) - 1):
        low, high = quantiles[one], quantiles[one + 1]
        share = (places - PLACES[one]) / (PLACES[one + 1] - PLACES[one])
        found = np.where(which == one, low + share * (high - low), found)
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def band(values: Floats, percent: int) -> tuple[float, float]:
    """Return the range that so many percent of draws lie in."""
    tail = (100 - percent) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
