"""What prices, promotions and the season do to sales: one regression a series, drawn together.

The logarithm of sales is regressed on all known signals and the places of the season. Sums of
squares are kept by series and read at every origin, so that one pass over time serves all of them.
Coefficients of a series are drawn toward those of its category, these toward those of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats, Groups, Integers, Panel, Whole
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.lib.compiled import check_places, compiled

# A sale of nothing counts as this share of the usual sale, which has a logarithm.
NOTHING = 0.1
# How many observations of its own the category weighs for a series: prices that change from week
# to week say more a period than those of days. Then the same of all series for a category.
SERIES_PRIOR: Mapping[str, float] = {"H": 200.0, "D": 200.0, "W": 5.0, "M": 5.0, "Q": 5.0, "Y": 5.0}
CATEGORY_PRIOR = 80.0
# A series tells no more places of the season apart than these.
MOST_PLACES = 31
# A category of fewer series on average says nothing beside them.
FEWEST_IN_CATEGORY = 3
# Memory that the regressors of one slice may take, in values.
SLICE = 4_000_000
# Series that are added up together: their sums stay close to the processor.
TOGETHER = 512
# No effect on the logarithm of sales is believed beyond this.
STRONGEST = 3.0
HOURS = 24
# Decimals that do not depend on the processor.
SAME_DIGITS = 9
ROUND = 10.0**SAME_DIGITS


@dataclass(frozen=True, slots=True)
class Columns:
    """The regressors: known signals, by their places in the panel, then those of the season.

    A signal that was always positive counts by its logarithm: a price up by a tenth has the same
    effect everywhere. `season` is phases x columns and comes round again.
    """

    signals: tuple[int, ...]
    logs: tuple[bool, ...]
    season: Floats

    @property
    def count(self) -> int:
        return len(self.signals) + int(self.season.shape[1])

    @property
    def kind(self) -> tuple[tuple[bool, ...], bytes]:
        """Return what tells regressors of different origins apart."""
        return self.logs, self.season.tobytes()


def always_positive(whole: Whole, origins: Sequence[int]) -> list[tuple[bool, ...]]:
    """Say of each known signal whether it was never zero or less, up to each origin."""
    least: list[NDArray[np.float32]] = []
    for piece in whole.pieces():
        values = piece.signals.values[list(_known(piece))]
        here = [np.fmin.reduce(values[:, : one + 1], axis=(1, 2), initial=1.0) for one in origins]
        least = [np.minimum(*both) for both in zip(least, here, strict=True)] if least else here
    return [tuple((one > 0).tolist()) for one in least]


def _known(panel: Panel) -> tuple[int, ...]:
    return tuple(np.flatnonzero(panel.signals.known).tolist())


def long_season(task: Task) -> bool:
    """Say whether the season has too many places for a series to tell them apart."""
    return task.season > MOST_PLACES


def columns_at(
    panel: Panel, task: Task, logs: Sequence[tuple[bool, ...]], index: Floats
) -> list[Columns]:
    """Return the regressors at each origin.

    `logs` says of them what `always_positive` does. Of a long season `index` has the pooled
    factors, origins x season: their logarithm is one regressor.
    """
    signals, found = _known(panel), []
    for number, (origin, log) in enumerate(zip(task.origins, logs, strict=True)):
        season = _season(task, origin + 1)
        if long_season(task) and (index[number] != 1).any():
            season = np.log(index[number])[:, None]
        found.append(Columns(signals, log, season))
    return found


def alike(columns: Sequence[Columns]) -> Iterator[tuple[list[int], Columns]]:
    """Yield the places of origins with the same regressors: one pass serves them."""
    groups: dict[object, list[int]] = {}
    for place, one in enumerate(columns):
        groups.setdefault(one.kind, []).append(place)
    for places in groups.values():
        yield places, columns[places[0]]


def _season(task: Task, length: int) -> Floats:
    """Return phases x columns, centred; no columns before enough whole seasons were seen."""
    season, cycles = task.season, task.defaults.cycles
    if season < 2 or long_season(task) or length < cycles * season:
        return np.zeros((1, 0))
    week = 7 * season
    if task.frequency == "H" and season == HOURS and length >= cycles * week:
        hours = np.arange(week)
        return np.concatenate([_places(hours, season), _places(hours // HOURS, 7)], axis=1)
    return _places(np.arange(season), season)


def _places(t: Integers, season: int) -> Floats:
    place = t % season
    places: Floats = (place[:, None] == np.arange(1, season)).astype(np.float64) - 1 / season
    return places


def told(block: Panel, columns: Columns, until: int) -> Floats:
    """Return signals x periods x series; what is unknown counts as the mean of what came before."""
    made = np.empty((len(columns.signals), until, block.width))
    for place, (signal, log) in enumerate(zip(columns.signals, columns.logs, strict=True)):
        values = made[place]
        given = block.signals.values[signal, :until]
        values[: len(given)], values[len(given) :] = given, np.nan
        if log:
            values[values <= 0] = np.nan
            np.log(values, out=values)
        _fill(values)
    return made


@compiled(
    "void(float64[:, ::1])",
)
def _fill(values: Floats) -> None:
    """Write the mean of what came before over what is unknown."""
    total, count = np.zeros((2, values.shape[1]))
    for t in range(values.shape[0]):
        unknown = 0
        for s in range(values.shape[1]):
            known = values[t, s] == values[t, s]
            total[s] += values[t, s] if known else 0.0
            count[s] += 1.0 if known else 0.0
            unknown += 0 if known else 1
        if unknown:
            for s in range(values.shape[1]):
                if values[t, s] != values[t, s]:
                    values[t, s] = total[s] / max(count[s], 1.0)


def log_sales(fit: Floats) -> Floats:
    """Return log(y + NOTHING * the mean sale up to then); periods x series, NaN is unknown."""
    logs = np.empty(fit.shape)
    _log_sales(np.ascontiguousarray(fit), NOTHING, logs)
    return logs


@compiled(
    "void(const float64[:, ::1], float64, float64[:, ::1])",
)
def _log_sales(fit: Floats, nothing: float, logs: Floats) -> None:
    sold = np.zeros(fit.shape[1])
    sales = np.zeros(fit.shape[1])
    for t in range(fit.shape[0]):
        for s in range(fit.shape[1]):
            value = fit[t, s]
            sold[s] += value if value > 0 else 0.0
            sales[s] += 1.0 if value > 0 else 0.0
            logs[t, s] = value + nothing * (sold[s] / sales[s])  # NaN before the first sale
        for s in range(fit.shape[1]):
            logs[t, s] = math.log(logs[t, s])


@dataclass(frozen=True, slots=True)
class Sums:
    """Centred sums of products by series: `squares` n x p x p, `products` n x p.

    `means` are those of the regressors, `seen` is how many periods were added up.
    """

    squares: Floats
    products: Floats
    means: Floats
    seen: Floats


def slices(block: Panel, at: Sequence[Columns]) -> Iterator[tuple[int, int]]:
    """Yield parts of a block whose signals take little memory.

    They are alike for histories of about the same length, so that sums over them are.
    """
    periods = 1 << block.periods.bit_length()
    step = max(SLICE // (periods * (len(at[0].signals) + 2)), 1)
    for start in range(0, block.width, step):
        yield start, min(start + step, block.width)


def sums_at(
    signals: Floats, logs: Floats, columns: Columns, origins: tuple[int, ...]
) -> list[Sums]:
    """Add up what `told` and `log_sales` gave, over time, and read the sums at each origin.

    Periods are added one by one: so the sums at an origin are the same to the last bit beside
    others and alone.
    """
    at = np.unique(np.array(origins, dtype=np.int64))
    check_places(at, min(len(logs), signals.shape[1]))
    width, phases = logs.shape[1], columns.season.shape[0]
    size = len(signals) + 2
    pairs = np.empty((len(at), size, size, width))
    by_phase = np.empty((len(at), size, phases, width))
    _add(np.ascontiguousarray(signals), np.ascontiguousarray(logs), at, pairs, by_phase)
    found = {
        origin: _centred(_whole(one, by_place, columns))
        for origin, one, by_place in zip(at.tolist(), pairs, by_phase, strict=True)
    }
    return [found[one] for one in origins]


@compiled(
    "void(const float64[:, :, ::1], const float64[:, ::1], const int64[::1], "
    "float64[:, :, :, ::1], float64[:, :, :, ::1])",
)
def _add(  # noqa: C901
    signals: Floats, logs: Floats, origins: Integers, pairs: Floats, by_phase: Floats
) -> None:
    """Add up products of ones, signals and sales, in this order, over periods with sales.

    `pairs` are origins x columns x columns x series, of two equal halves the upper one; `by_phase`
    are the columns themselves by phase of the season: origins x columns x phases x series.
    """
    phases, width, last = by_phase.shape[2], logs.shape[1], len(signals) + 1
    total, sums = np.empty((last + 1, last + 1, TOGETHER)), np.empty((last + 1, phases, TOGETHER))
    row = np.empty((last + 1, TOGETHER))
    for start in range(0, width, TOGETHER):
        count = min(TOGETHER, width - start)
        total[:], sums[:], first = 0, 0, 0
        for place in range(len(origins)):
            for t in range(first, origins[place] + 1):
                sold = logs[t, start:]
                for s in range(count):
                    row[0, s] = 1.0 if sold[s] == sold[s] else 0.0
                    row[last, s] = sold[s] if sold[s] == sold[s] else 0.0
                for k in range(1, last):
                    signal = signals[k - 1, t, start:]
                    for s in range(count):
                        row[k, s] = signal[s] * row[0, s]
                for k in range(last + 1):
                    for s in range(count):
                        sums[k, t % phases, s] += row[k, s]
                    for other in range(k, last + 1):
                        for s in range(count):
                            total[k, other, s] += row[k, s] * row[other, s]
            first = origins[place] + 1
            pairs[place, :, :, start : start + count] = total[:, :, :count]
            by_phase[place, :, :, start : start + count] = sums[:, :, :count]


def _whole(pairs: Floats, by_phase: Floats, columns: Columns) -> Floats:
    """Return the sums of all products: columns x columns x series, the upper half.

    Columns are ones, signals, season and sales, in this order.
    """
    size = columns.count + 2
    total = np.zeros((size, size, pairs.shape[-1]))
    single = np.array([*range(len(pairs) - 1), size - 1])
    total[single[:, None], single] = pairs
    if not columns.season.shape[1]:
        return total
    season = slice(len(pairs) - 1, size - 1)
    for row, one in zip(single, by_phase, strict=True):
        product = (one.T @ columns.season).T
        if row < season.start:
            total[row, season] += product
        else:
            total[season, row] += product
    both = columns.season[:, :, None] * columns.season[:, None, :]
    products = by_phase[0].T @ both.reshape(len(both), -1)
    total[season, season] += products.T.reshape(*both.shape[1:], -1)
    return total


def _centred(total: Floats) -> Sums:
    size, width = len(total) - 2, total.shape[2]
    products, means = np.empty((2, width, size))
    found = Sums(np.empty((width, size, size)), products, means, total[0, 0].copy())
    _about_means(total, found.squares, found.products, found.means)
    return found


@compiled(
    "void(const float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], float64[:, ::1])",
)
def _about_means(total: Floats, squares: Floats, products: Floats, means: Floats) -> None:
    """Take what the means, rounded, make of the sums; of `total` the upper half is read."""
    last = len(total) - 1
    mean = np.empty(last + 1)
    for s in range(total.shape[2]):
        seen = total[0, 0, s]
        for k in range(1, last + 1):
            mean[k] = np.rint(total[0, k, s] / max(seen, 1.0) * ROUND) / ROUND
        for k in range(1, last):
            means[s, k - 1] = mean[k]
            products[s, k - 1] = total[k, last, s] - seen * mean[k] * mean[last]
            for other in range(k, last):
                value = total[k, other, s]
                squares[s, k - 1, other - 1] = value - seen * mean[k] * mean[other]
                squares[s, other - 1, k - 1] = value - seen * mean[other] * mean[k]


class Pool:
    """Adds up series, block by block, for the coefficients of all and of each category."""

    def __init__(self, groups: Groups, count: int) -> None:
        self.kinds = _kinds(groups)
        self.squares = np.zeros((self.kinds, count, count))
        self.products = np.zeros((self.kinds, count))
        self.seen = 0.0

    def add(self, sums: Sums, category: Integers) -> None:
        which = category if self.kinds > 1 else np.zeros_like(category)
        check_places(which, self.kinds)
        _pool(np.ascontiguousarray(which), sums.squares, sums.products, self.squares, self.products)
        self.seen += float(sums.seen.sum())

    def coefficients(self) -> tuple[Floats, Floats]:
        """Return those of each category, categories x columns, and the usual squares."""
        squares, products = self.squares.sum(axis=0), self.products.sum(axis=0)
        usual = np.diagonal(squares) / max(self.seen, 1.0)
        usual = np.where(usual > 0, usual, 1.0)
        every = drawn(squares[None], products[None], np.zeros(len(usual)), usual)
        if self.kinds == 1:
            return every, usual
        return drawn(self.squares, self.products, every, usual * CATEGORY_PRIOR), usual


@compiled(
    "void(const int64[::1], float64[:, :, ::1], float64[:, ::1], "
    "float64[:, :, ::1], float64[:, ::1])",
)
def _pool(
    which: Integers, squares: Floats, products: Floats, all_squares: Floats, all_products: Floats
) -> None:
    for s in range(len(which)):
        for k in range(products.shape[1]):
            all_products[which[s], k] += products[s, k]
            for other in range(products.shape[1]):
                all_squares[which[s], k, other] += squares[s, k, other]


def _kinds(groups: Groups) -> int:
    """Return how many categories are told apart; 1 where they are too small to say anything."""
    few = groups.categories * FEWEST_IN_CATEGORY > len(groups.category)
    return 1 if few else groups.categories


def drawn(squares: Floats, products: Floats, toward: Floats, weight: Floats) -> Floats:
    """Solve each regression, drawn toward coefficients by `weight` on each column's square.

    Processors solve it differently in the last digits, which are rounded away.
    """
    right = (products + weight * toward)[:, :, None]
    solved = np.linalg.solve(squares + np.diag(weight), right)[:, :, 0]
    return np.asarray(np.round(solved, SAME_DIGITS), dtype=np.float64)


def factors(
    signals: Floats, columns: Columns, coefficients: Floats, means: Floats, until: int
) -> Floats:
    """Return what all regressors make of the level up to a period, rounded as `drawn` is.

    The result is periods x series.
    """
    count, phases = len(columns.signals), columns.season.shape[0]
    season = np.zeros((phases, len(coefficients)))
    for mean, one in zip(means.T, coefficients.T, strict=True):
        season -= mean * one
    for places, one in zip(columns.season.T, coefficients.T[count:], strict=True):
        season += places[:, None] * one
    check_places(np.array(until), signals.shape[1] + 1)
    made = np.empty((until, signals.shape[2]))
    own = np.ascontiguousarray(coefficients.T[:count])
    _exponential(np.ascontiguousarray(signals), own, season, STRONGEST, made)
    return made


@compiled(
    "void(const float64[:, :, ::1], const float64[:, ::1], const float64[:, ::1], float64, "
    "float64[:, ::1])",
)
def _exponential(
    signals: Floats, coefficients: Floats, season: Floats, most: float, made: Floats
) -> None:
    """Write exp(season + coefficients x signals), periods x series, rounded.

    Prices and promotions stay for a while: what they do is computed where they change.
    """
    width, phases = made.shape[1], len(season)
    told, last, grown = np.empty(width), np.full(width, np.nan), np.empty(width)
    times, least, largest = np.exp(season), math.exp(-most), math.exp(most)
    for t in range(made.shape[0]):
        told[:] = 0.0
        for k in range(len(signals)):
            for s in range(width):
                told[s] += signals[k, t, s] * coefficients[k, s]
        for s in range(width):
            if told[s] != last[s]:
                last[s] = told[s]
                grown[s] = math.exp(told[s])
        for s in range(width):
            value = min(max(grown[s] * times[t % phases, s], least), largest)
            made[t, s] = np.rint(value * ROUND) / ROUND
