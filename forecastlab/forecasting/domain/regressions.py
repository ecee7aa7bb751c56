"""One regression a series over sums of products, its coefficients drawn together.

Sums of squares are kept by series and read at every origin, so that one pass over time serves
all of them. Coefficients of a series are drawn toward those of its category, these toward those
of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.effects import ROUND, SAME_DIGITS, Columns
from forecastlab.forecasting.domain.panel import Floats, Groups, Integers
from forecastlab.lib.compiled import check_places, compiled

# How many observations of its own the category weighs for a series: prices that change from week
# to week say more a period than those of days. Then the same of all series for a category.
SERIES_PRIOR: Mapping[str, float] = {"H": 200.0, "D": 200.0, "W": 5.0, "M": 5.0, "Q": 5.0, "Y": 5.0}
CATEGORY_PRIOR = 80.0
# A category of fewer series on average says nothing beside them.
FEWEST_IN_CATEGORY = 3


@dataclass(frozen=True, slots=True)
class Sums:
    """Centred sums of products by series: `squares` n x p x p, `products` n x p.

    `means` are those of the regressors, `seen` is how many periods were added up.
    """

    squares: Floats
    products: Floats
    means: Floats
    seen: Floats


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
    total, sums = np.zeros((last + 1, last + 1, width)), np.zeros((last + 1, phases, width))
    row, first = np.empty((last + 1, width)), 0
    for place in range(len(origins)):
        for t in range(first, origins[place] + 1):
            for s in range(width):
                value = logs[t, s]
                row[0, s] = 1.0 if value == value else 0.0
                row[last, s] = value if value == value else 0.0
            for k in range(1, last):
                for s in range(width):
                    row[k, s] = signals[k - 1, t, s] * row[0, s]
            for k in range(last + 1):
                for s in range(width):
                    sums[k, t % phases, s] += row[k, s]
                for other in range(k, last + 1):
                    for s in range(width):
                        total[k, other, s] += row[k, s] * row[other, s]
        first = origins[place] + 1
        pairs[place] = total
        by_phase[place] = sums


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
        """Add the sums of some series, of which `category` has one number each.

        Raises ValueError for sums over other columns, or of more or fewer series.
        """
        if sums.products.shape != (len(category), self.products.shape[1]):
            raise ValueError(f"sums {sums.products.shape} are not those of {len(category)} series")
        which = np.ascontiguousarray(category if self.kinds > 1 else np.zeros_like(category))
        check_places(which, self.kinds)
        _pool(which, sums.squares, sums.products, self.squares, self.products)
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
    "void(const int64[::1], const float64[:, :, ::1], const float64[:, ::1], "
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
