"""What prices, promotions and holidays do to the sales of each series.

Sales are counts, some of them zero, whose spread grows with their level; so their expected number
is regressed, not their logarithm: E y = exp(a + b log price + c z), by Poisson pseudo maximum
likelihood (Santos Silva and Tenreyro, "The Log of Gravity", 2006), series by series. `b` is the
price elasticity: a price up by one percent changes sales by b percent. `z` are all other signals
that are known ahead, the places of a short season, a line through time and, from two years on, a
yearly wave.

Neighbouring periods are alike, so variances are sums over blocks of time of about the square root
of the history (clustered sandwich; Liang and Zeger 1986; Cameron and Miller 2015), and never less
than that of independent periods times (1 + r) / (1 - r) for residuals of autocorrelation r
(Bartlett 1946).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.panel import Flags, Floats, Integers, Panel
from forecastlab.planning.domain.substitutes import PRICES

PRICE = "price"
# Newton's method ends after so many steps; none moves a logarithm of sales by more than this.
STEPS, FARTHEST = 25, 2.0
# Other effects are drawn toward none as by so many periods of usual sales.
PRIOR = 0.5
# Units a period that stand for none.
NO_LEVEL = 1e-9
# A series whose logarithm of price varies by less says nothing of prices; nor does one in which
# less than this share of what varies is its own, not that of promotions and the season.
LEAST_SPREAD, LEAST_OWN = 0.01, 0.02
FEWEST_PERIODS, FEWEST_BLOCKS = 20, 5
YEARS: Mapping[str, float] = {"H": 8766.0, "D": 365.25, "W": 52.18, "M": 12.0, "Q": 4.0, "Y": 1.0}
MOST_PLACES = 12
# Decimals that do not depend on the processor.
SAME_DIGITS = 9
# Residuals of neighbouring periods are not believed to be more alike than this.
MOST_ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Calendar:
    """The places of a season in periods, and the frequency; `until` is how much is known."""

    season: int
    frequency: str
    until: int


@dataclass(frozen=True, slots=True)
class Effects:
    """What each of some signals does to the logarithm of sales: signals x series.

    `value` and `variance` are NaN and infinite where a series says nothing. `influence` is what
    each block of time adds to a value, signals x blocks x series: its squares add up to the
    variance, and over series it tells how much their errors have in common.
    """

    names: tuple[str, ...]
    value: Floats
    variance: Floats
    influence: Floats


def effects(panel: Panel, names: Sequence[str], calendar: Calendar) -> Effects:
    """Estimate the effects of some known signals of a panel, block by block of its series."""
    found = [_of_block(one, names, calendar) for one in panel.pieces()]
    return Effects(
        tuple(names),
        np.concatenate([one.value for one in found], axis=-1),
        np.concatenate([one.variance for one in found], axis=-1),
        np.concatenate([one.influence for one in found], axis=-1),
    )


def logged(panel: Panel, until: int) -> tuple[bool, ...]:
    """Say of each signal whether it counts by its logarithm: prices, in all that is known.

    What others ask is a logarithm already.
    """
    values = panel.signals.values[:, :until]
    least = np.fmin.reduce(values, axis=(1, 2), initial=np.inf) if panel.width else np.zeros(0)
    both = zip(panel.signals.names, least.tolist(), strict=True)
    return tuple(name != PRICES and 0 < one < np.inf for name, one in both)


def blocks_of(periods: int) -> Integers:
    """Return the number of the block of each period: about as many blocks as periods in each."""
    count = max(min(round(periods**0.5), periods), 1)
    return np.asarray(np.arange(periods) * count // periods, dtype=np.int64)


def _of_block(panel: Panel, names: Sequence[str], calendar: Calendar) -> Effects:
    if not names:
        nothing = np.zeros((0, panel.width))
        return Effects((), nothing, nothing, np.zeros((0, 1, panel.width)))
    design = _Design(panel, calendar)
    coefficients = _fitted(design)
    return _judged(design, coefficients, [design.names.index(one) for one in names], names)


class _Design:
    """The regression of a block: `x` is series x periods x regressors, `y` series x periods.

    The first regressor is one. What is not to be counted has weight zero. `strength` is how
    strongly each is drawn toward no effect, in squares of the regressor.
    """

    def __init__(self, panel: Panel, calendar: Calendar) -> None:
        until = min(calendar.until, panel.periods)
        sold = panel.fit[:until].T
        told, self.names = _told(panel, until)
        fixed = _calendar(calendar, until)
        price = told[self.names.index(PRICE) - 1] if PRICE in self.names else None
        counts = ~np.isnan(sold) if price is None else ~np.isnan(sold) & ~np.isnan(price)
        self.counts: Flags = counts
        self.y: Floats = np.where(counts, np.nan_to_num(sold), 0.0)
        seen = np.maximum(counts.sum(axis=1), 1)[:, None]
        columns = [*told, *(np.broadcast_to(one, sold.shape) for one in fixed)]
        x = np.empty((*sold.shape, 1 + len(columns)))
        x[:, :, 0] = 1.0
        for place, one in enumerate(columns, start=1):
            known = counts & ~np.isnan(one)
            mean = np.where(known, one, 0.0).sum(axis=1, keepdims=True) / np.maximum(
                known.sum(axis=1, keepdims=True), 1
            )
            x[:, :, place] = np.where(known, one - mean, 0.0)
        self.x = x * counts[:, :, None]
        self.level: Floats = self.y.sum(axis=1) / seen[:, 0]
        spread = (self.x**2).sum(axis=1) / seen
        usual = spread.mean(axis=0)
        # Without sales, or with none that count, nothing else would hold the regression.
        pulled = np.maximum(self.level, NO_LEVEL)[:, None]
        self.strength = PRIOR * pulled * np.where(usual > 0, usual, 1.0)
        self.strength[:, 0] = 1e-9
        if PRICE in self.names:
            self.strength[:, self.names.index(PRICE)] *= 1e-6

    @property
    def width(self) -> int:
        return len(self.y)


def _told(panel: Panel, until: int) -> tuple[list[Floats], list[str]]:
    """Return known signals, each series x periods, and the names of the regressors so far."""
    found, names = [], ["one"]
    logs = logged(panel, until)
    for place, name in enumerate(panel.signals.names):
        if panel.signals.known[place]:
            values = panel.signals.values[place, :until].T.astype(np.float64)
            if logs[place]:
                values = np.log(values)
            found.append(values)
            names.append(name)
    return found, names


def _calendar(calendar: Calendar, until: int) -> list[Floats]:
    t = np.arange(until)
    found: list[Floats] = [t / max(until, 1)]
    if 1 < calendar.season <= MOST_PLACES and until >= 2 * calendar.season:
        found += [(t % calendar.season == one).astype(np.float64) for one in _places(calendar)]
    year = YEARS[calendar.frequency]
    if year > 1 and until >= 2 * year:
        found += [np.sin(2 * np.pi * t / year), np.cos(2 * np.pi * t / year)]
    return found


def _places(calendar: Calendar) -> Iterator[int]:
    return iter(range(1, calendar.season))


def _fitted(design: _Design) -> Floats:
    """Return coefficients, series x regressors, by Newton's method from the mean."""
    count = design.x.shape[2]
    found = np.zeros((design.width, count))
    found[:, 0] = np.log(np.maximum(design.level, NO_LEVEL))
    for _ in range(STEPS):
        expected = _expected(design, found)
        slope = np.einsum("st,stp->sp", design.y - expected, design.x) - _pull(design, found)
        step = np.linalg.solve(_curvature(design, expected), slope[:, :, None])[:, :, 0]
        farthest = np.abs(np.einsum("stp,sp->st", design.x, step)).max(axis=1, initial=1e-12)
        found += step * np.minimum(1.0, FARTHEST / farthest)[:, None]
        if farthest.max(initial=0.0) < 1e-8:
            break
    return found


def _pull(design: _Design, found: Floats) -> Floats:
    pull = design.strength * found
    pull[:, 0] = 0.0
    return np.asarray(pull, dtype=np.float64)


def _expected(design: _Design, found: Floats) -> Floats:
    logs = np.clip(np.einsum("stp,sp->st", design.x, found), -30.0, 30.0)
    return np.asarray(np.where(design.counts, np.exp(logs), 0.0), dtype=np.float64)


def _curvature(design: _Design, expected: Floats) -> Floats:
    weighted = design.x * expected[:, :, None]
    squares: Floats = np.matmul(weighted.transpose(0, 2, 1), design.x)
    places = np.arange(squares.shape[1])
    squares[:, places, places] += design.strength
    squares[:, 0, 0] += 1e-9
    return squares


def _judged(design: _Design, found: Floats, places: Sequence[int], names: Sequence[str]) -> Effects:
    """Return some of the coefficients with what each block of time adds to them."""
    expected = _expected(design, found)
    inverse: Floats = np.asarray(np.linalg.inv(_curvature(design, expected)), dtype=np.float64)
    left = design.y - expected
    score = design.x * left[:, :, None]
    block = blocks_of(score.shape[1])
    count = int(block.max(initial=0)) + 1
    by_block = np.stack([score[:, block == one].sum(axis=1) for one in range(count)])
    rows = inverse[:, places]
    influence = np.einsum("sjp,bsp->jbs", rows, by_block)
    correction = _correction(design, block, count)
    clustered = (influence**2).sum(axis=1) * correction
    alone = _spread(design, expected, left) * _alike(design, left)
    least = np.stack([rows[:, j, place] for j, place in enumerate(places)]) * alone
    variance = np.maximum(clustered, least)
    says = _says(design, expected, places, rows)
    value = np.where(says, found[:, places].T, np.nan)
    return Effects(
        tuple(names),
        _rounded(value, SAME_DIGITS),
        _rounded(np.where(says, variance, np.inf), 2 * SAME_DIGITS),
        _rounded(np.where(says[:, None], influence * np.sqrt(correction), 0.0), SAME_DIGITS),
    )


def _rounded(values: Floats, digits: int) -> Floats:
    return np.asarray(np.round(values, digits), dtype=np.float64)


def _correction(design: _Design, block: Integers, count: int) -> Floats:
    """Return by how much sums over few blocks are too small: G / (G - 1) x (n - 1) / (n - k)."""
    seen = design.counts.sum(axis=1)
    filled = np.stack([design.counts[:, block == one].any(axis=1) for one in range(count)])
    groups = np.maximum(filled.sum(axis=0), 2)
    few = np.maximum(seen - design.x.shape[2], 1)
    return np.asarray(groups / (groups - 1) * np.maximum(seen - 1, 1) / few, dtype=np.float64)


def _spread(design: _Design, expected: Floats, left: Floats) -> Floats:
    """Return the variance over the mean of each series, by Pearson's residuals."""
    terms = np.divide(left**2, expected, out=np.zeros(left.shape), where=expected > 0)
    few = np.maximum(design.counts.sum(axis=1) - design.x.shape[2], 1)
    return np.asarray(terms.sum(axis=1) / few, dtype=np.float64)


def _alike(design: _Design, left: Floats) -> Floats:
    both = design.counts[:, 1:] & design.counts[:, :-1]
    product = np.where(both, left[:, 1:] * left[:, :-1], 0.0).sum(axis=1)
    squares = np.maximum((left**2).sum(axis=1), 1e-12)
    r = np.clip(product / squares, 0.0, MOST_ALIKE)
    return np.asarray((1 + r) / (1 - r), dtype=np.float64)


def _says(design: _Design, expected: Floats, places: Sequence[int], rows: Floats) -> Flags:
    """Say which series tell something of each effect."""
    seen = design.counts.sum(axis=1)
    found = []
    for j, place in enumerate(places):
        varies = (expected * design.x[:, :, place] ** 2).sum(axis=1)
        total = np.maximum(expected.sum(axis=1), 1e-12)
        own = 1 / np.maximum(rows[:, j, place] * varies, 1e-12)
        enough = (seen >= FEWEST_PERIODS) & (design.level > 0)
        found.append(enough & (varies / total > LEAST_SPREAD**2) & (own > LEAST_OWN))
    return np.stack(found)
