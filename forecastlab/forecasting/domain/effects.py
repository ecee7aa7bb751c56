"""What prices, promotions and the season do to sales: one regression a series, drawn together.

The logarithm of sales is regressed on all known signals and the places of the season. Sums of
squares are kept by series and read at every origin, so that one pass over time serves all of them.
Coefficients of a series are drawn toward those of its category, these toward those of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.observed import quotient, running
from forecastlab.forecasting.domain.panel import Floats, Groups, Integers, Panel, Whole
from forecastlab.forecasting.domain.protocol import Task

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
# Sums over time are made of pieces of so many periods.
PIECE = 64
# No effect on the logarithm of sales is believed beyond this.
STRONGEST = 3.0
HOURS = 24
# Decimals that do not depend on the processor.
SAME_DIGITS = 9


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


def _fill(values: Floats) -> None:
    unknown = np.isnan(values)
    some = unknown.any(axis=1)
    if some.any():
        first = int(some.argmax())
        before = np.zeros(values.shape[1])
        for one in values[:first]:  # not `sum`, which adds a single series in another order
            before += one
        values, unknown = values[first:], unknown[first:]
        given = np.concatenate([before[None], np.where(unknown, 0.0, values)])
        total = running(given, np.float64)[2:][unknown]
        count = first + running(~unknown, np.int32)[1:][unknown]
        values[unknown] = total / np.maximum(count, 1)


def log_sales(fit: Floats) -> Floats:
    """Return log(y + NOTHING * the mean sale up to then); periods x series, NaN is unknown."""
    sold = np.where(np.isnan(fit), 0.0, fit)
    usual = quotient(running(sold, np.float64)[1:], running(sold > 0, np.int32)[1:])
    logs: Floats = np.log(fit + NOTHING * usual)
    return logs


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

    Periods are added in pieces that lie where they lie, whatever the origins: so the sums at one
    are the same to the last bit beside others and alone.
    """
    size = columns.count + 2
    total = np.zeros((size, size, logs.shape[1]))
    found, start = {}, 0
    for origin in sorted(origins):
        while start + PIECE <= origin + 1:
            piece = slice(start, start + PIECE)
            _add(total, signals[:, piece], logs[piece], columns, start)
            start += PIECE
        sums, rest = total.copy(), slice(start, origin + 1)
        _add(sums, signals[:, rest], logs[rest], columns, start)
        found[origin] = _centred(_mirrored(sums))
    return [found[one] for one in origins]


def _add(total: Floats, signals: Floats, logs: Floats, columns: Columns, start: int) -> None:
    """Add the products of ones, signals, season and sales, in this order, over some periods.

    `total` is columns x columns x series; of two equal halves the upper one is added up.
    """
    known = ~np.isnan(logs)
    seen = known.astype(np.float64)
    parts = [seen, *(one * seen for one in signals), np.where(known, logs, 0)]
    single = [0, *range(1, len(signals) + 1), columns.count + 1]
    for place, (row, one) in enumerate(zip(single, parts, strict=True)):
        for column, two in zip(single[place:], parts[place:], strict=True):
            total[row, column] += np.einsum("ts,ts->s", one, two)
    if not columns.season.shape[1]:
        return
    season = slice(len(signals) + 1, columns.count + 1)
    phases = [_by_phase(one, start, columns.season.shape[0]) for one in parts]
    for row, one in zip(single, phases, strict=True):
        product = (one.T @ columns.season).T
        if row < season.start:
            total[row, season] += product
        else:
            total[season, row] += product
    pairs = columns.season[:, :, None] * columns.season[:, None, :]
    both = phases[0].T @ pairs.reshape(len(pairs), -1)
    total[season, season] += both.T.reshape(*pairs.shape[1:], -1)


def _mirrored(total: Floats) -> Floats:
    """Return series x columns x columns from the upper half."""
    upper = np.ascontiguousarray(total.transpose(2, 0, 1))
    row, column = np.triu_indices(len(total), 1)
    upper[:, column, row] = upper[:, row, column]
    return upper


def _by_phase(values: Floats, start: int, season: int) -> Floats:
    """Add up periods of the same phase: phases x series. `start` is the first period."""
    before, width = start % season, values.shape[1]
    after = -(before + len(values)) % season
    padded = np.concatenate([np.zeros((before, width)), values, np.zeros((after, width))])
    sums: Floats = padded.reshape(-1, season, width).sum(axis=0)
    return sums


def _centred(total: Floats) -> Sums:
    seen = total[:, 0, 0].copy()
    means = np.round(total[:, 0, 1:] / np.maximum(seen, 1.0)[:, None], SAME_DIGITS)
    spread = total[:, 1:, 1:] - seen[:, None, None] * means[:, :, None] * means[:, None, :]
    return Sums(spread[:, :-1, :-1], spread[:, :-1, -1], means[:, :-1], seen)


class Pool:
    """Adds up series, block by block, for the coefficients of all and of each category."""

    def __init__(self, groups: Groups, count: int) -> None:
        self.kinds = _kinds(groups)
        self.squares = np.zeros((self.kinds, count, count))
        self.products = np.zeros((self.kinds, count))
        self.seen = 0.0

    def add(self, sums: Sums, category: Integers) -> None:
        which = category if self.kinds > 1 else np.zeros_like(category)
        np.add.at(self.squares, which, sums.squares)
        np.add.at(self.products, which, sums.products)
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


def factors(signals: Floats, columns: Columns, coefficients: Floats, means: Floats) -> Floats:
    """Return what all regressors make of the level: periods x series, rounded as `drawn` is."""
    count, phases = len(columns.signals), columns.season.shape[0]
    season = np.zeros((phases, len(coefficients)))
    for mean, one in zip(means.T, coefficients.T, strict=True):
        season -= mean * one
    for places, one in zip(columns.season.T, coefficients.T[count:], strict=True):
        season += places[:, None] * one
    made: Floats = season[np.arange(signals.shape[1]) % phases]
    # Piece by piece: what the processor holds close by is worked through in half the time.
    for start in range(0, len(made), PIECE):
        away, told_of = made[start : start + PIECE], signals[:, start : start + PIECE]
        moved = np.empty_like(away)
        for one, values in zip(coefficients.T[:count], told_of, strict=True):
            away += np.multiply(values, one, out=moved)
        np.clip(away, -STRONGEST, STRONGEST, out=away)
        np.round(np.exp(away, out=away), SAME_DIGITS, out=away)
    return made
