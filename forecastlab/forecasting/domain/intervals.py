"""Ranges from what went wrong before: one pool of scaled errors for all series.

An error is divided by forecast^slope and by how much harder than usual its series is, shrunk
towards "as usual". What is left is alike enough to be pooled, by step ahead.

Pinball loss (Koenker and Bassett, "Regression Quantiles", 1978) of a quantile q at share s is
2 * (s - (y < q)) * (y - q); it is averaged over both ends of every level and given in percent of
what was sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from forecastlab.forecasting.domain.by_model import parts
from forecastlab.forecasting.domain.panel import Flags, Floats

SLOPES = (0.3, 1.0)
LEAST_SHARE = 0.02
PRIOR_POINTS = 20
# Few folds know little of how windows differ: with fewer than so many, ranges are so much wider.
FEW_FOLDS = 4
WIDER = 1.1
# A fold of some series, or a step of all folds.
Where = tuple[int, slice, slice] | tuple[slice, int]


@dataclass(frozen=True, slots=True)
class Spread:
    """How wide the ranges of each series are.

    `level` (units a period) and `hardness` (1 is as hard as usual) have one number a series;
    `tails[percent]` is the low and the high quantile of scaled errors, by step ahead.
    """

    slope: float
    level: Floats
    hardness: Floats
    tails: dict[int, tuple[Floats, Floats]]

    def on(self, part: slice) -> Spread:
        """Return the same for some series."""
        return replace(self, level=self.level[part], hardness=self.hardness[part])

    def around(
        self, forecast: Floats, closed: Flags | None = None
    ) -> dict[int, tuple[Floats, Floats]]:
        """Return low and high for every level, steps x series, wider for the wider level.

        Steps beyond those that were judged take the last one's width; closed periods have none.
        """
        scale = _base(forecast, self.level, self.slope) * self.hardness
        if closed is not None:
            scale = np.where(closed, 0.0, scale)
        low = high = forecast
        ranges: dict[int, tuple[Floats, Floats]] = {}
        for level in sorted(self.tails):
            below, above = (_stretched(tail, len(forecast))[:, None] for tail in self.tails[level])
            low = np.minimum(low, np.maximum(forecast + below * scale, 0.0))
            high = np.maximum(high, forecast + above * scale)
            ranges[level] = low, high
        return ranges


def calibrate(
    actual: Floats, forecast: Floats, levels: Sequence[int], *, known: Flags | None = None
) -> Spread:
    """Learn from judged forecasts, folds x steps x series.

    What is learnt from is `known`; without it, all that is not NaN. A scaled error is
    (y - f) / (max(f, 0.02 * level)^slope * hardness). `levels` are percents. Of fewer than four
    folds the tails are 1.1 times as long.
    """
    seen = _Seen(actual, forecast, ~np.isnan(actual) if known is None else known)
    level, slope = _level(seen), _slope(seen)
    hardness = _hardness(seen, level, slope)
    shares = [share for one in levels for share in _shares(one)]
    left = (seen.scaled(np.s_[:, step], level, slope) / hardness for step in range(actual.shape[1]))
    tails = _smoothed(_quantiles(left, shares)) * (WIDER if len(actual) < FEW_FOLDS else 1.0)
    return Spread(
        slope,
        level,
        hardness,
        {one: (tails[2 * place], tails[2 * place + 1]) for place, one in enumerate(levels)},
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """Judged forecasts, folds x steps x series, of which those that are `known` count.

    Nothing of their size is made of them: they are gone through in pieces.
    """

    actual: Floats
    forecast: Floats
    known: Flags

    def pieces(self) -> Iterator[tuple[int, slice]]:
        """Yield each fold of some series after others."""
        return product(range(len(self.actual)), parts(self.actual.shape[-1]))

    def on(self, where: Where) -> tuple[Floats, Floats, Flags]:
        return self.actual[where], self.forecast[where], self.known[where]

    def scaled(self, where: Where, level: Floats, slope: float) -> Floats:
        """Return errors over forecast^slope, for `level` of the same series; NaN is unknown."""
        sold, said, known = self.on(where)
        base = _base(said, level, slope)
        nothing = np.full(base.shape, np.nan)
        scaled: Floats = np.divide(sold - said, base, out=nothing, where=known & (base > 0))
        return scaled


@dataclass(frozen=True, slots=True)
class Held:
    """How ranges held on one fold, for some cells of it.

    `coverage[level]` is the percentage of the actuals inside; `pinball` is in percent of what was
    sold. NaN is undefined.
    """

    points: int
    coverage: dict[int, float]
    pinball: float


class Trial:
    """Ranges laid over one fold that they were not learnt from: steps x series.

    They are tried on what is `known`; without it, on all that is not NaN.
    """

    def __init__(
        self, actual: Floats, forecast: Floats, spread: Spread, *, known: Flags | None = None
    ) -> None:
        self._known = ~np.isnan(actual) if known is None else known
        self._sold, self._lost = np.zeros(actual.shape), np.zeros(actual.shape)
        self._inside = {level: np.zeros_like(self._known) for level in spread.tails}
        for part in parts(actual.shape[-1]):
            here = actual[:, part], forecast[:, part], self._known[:, part]
            self._lay(part, here, spread.on(part))

    def _lay(self, part: slice, here: tuple[Floats, Floats, Flags], spread: Spread) -> None:
        """Lay ranges over some of the series."""
        actual, forecast, known = here
        ranges = spread.around(forecast)
        for level, (low, high) in ranges.items():
            self._inside[level][:, part] = known & (actual >= low) & (actual <= high)
        ends = [
            (share, end)
            for level, pair in ranges.items()
            for share, end in zip(_shares(level), pair, strict=True)
        ]
        lost = sum(_pinball(actual, end, share) for share, end in ends)
        self._lost[:, part] = np.where(known, lost / len(ends), 0.0)
        self._sold[:, part] = np.where(known, np.abs(actual), 0.0)

    def held(self, steps: slice = slice(None), series: Flags | slice = slice(None)) -> Held:
        """Return how the ranges held on some steps and some series."""

        def added(cells: Floats | Flags) -> float:
            return float(cells[steps][:, series].sum())

        points, sold = added(self._known), added(self._sold)
        return Held(
            int(points),
            {
                level: 100 * added(one) / points if points else float("nan")
                for level, one in self._inside.items()
            },
            100 * added(self._lost) / sold if sold else float("nan"),
        )


def _pinball(actual: Floats, end: Floats, share: float) -> Floats:
    return 2 * (share - (actual < end)) * (actual - end)


def _shares(level: int) -> tuple[float, float]:
    return (100 - level) / 200, (100 + level) / 200


def _level(seen: _Seen) -> Floats:
    """Return what a period sells on average, or is forecast to; unknown is nothing sold."""
    folds, steps, width = seen.actual.shape
    sold = np.zeros(width)
    for fold, part in seen.pieces():
        actual, _forecast, known = seen.on(np.s_[fold, :, part])
        sold[part] += np.where(known, actual, 0.0).sum(axis=0)
    level: Floats = np.maximum(sold / (folds * steps), seen.forecast.mean(axis=(0, 1)))
    return level


def _base(forecast: Floats, level: Floats, slope: float) -> Floats:
    base: Floats = np.maximum(forecast, LEAST_SHARE * level) ** slope
    return base


def _slope(seen: _Seen) -> float:
    """Return how fast errors grow with the forecast, on logarithmic scales.

    The moments of the pieces are put together as by Chan, Golub and LeVeque, "Algorithms for
    computing the sample variance" (1983), equation 2.1, so that none is looked at twice.
    """
    points, mean, spread, shared = 0, np.zeros(2), 0.0, 0.0
    for fold, part in seen.pieces():
        sold, said, known = seen.on(np.s_[fold, :, part])
        size = np.abs(sold - said)
        both = known & (size > 0) & (said > 0)
        here = int(both.sum())
        if not here:
            continue
        x, y = np.log(said[both]), np.log(size[both])
        apart = np.array([x.mean(), y.mean()]) - mean
        x -= mean[0] + apart[0]
        y -= mean[1] + apart[1]
        weight = points * here / (points + here)
        spread += float(x @ x) + weight * apart[0] ** 2
        shared += float(x @ y) + weight * apart[0] * apart[1]
        points += here
        mean += apart * here / points
    if points < 2 or spread == 0:
        return SLOPES[1]
    return float(np.clip(shared / spread, *SLOPES))


def _hardness(seen: _Seen, level: Floats, slope: float) -> Floats:
    """Return how much larger than usual the scaled errors of each series are."""
    points, total = np.zeros((2, len(level)))
    for fold, part in seen.pieces():
        scaled = seen.scaled(np.s_[fold, :, part], level[part], slope)
        usable = ~np.isnan(scaled)
        points[part] += usable.sum(axis=0)
        total[part] += np.where(usable, np.abs(scaled), 0.0).sum(axis=0)
    usual = total.sum() / max(points.sum(), 1)
    own = np.divide(total, points * usual, out=np.ones(len(points)), where=(points * usual) > 0)
    hardness: Floats = (points * own + PRIOR_POINTS) / (points + PRIOR_POINTS)
    return hardness


def _quantiles(left: Iterable[Floats], shares: Sequence[float]) -> Floats:
    """Return quantiles x steps of what is left at each step, all folds and series in one pool.

    0 where nothing is known.
    """
    found = []
    for step in left:
        pool = step[~np.isnan(step)]
        found.append(np.quantile(pool, shares) if len(pool) else np.zeros(len(shares)))
    return np.stack(found, axis=1)


def _smoothed(tails: Floats) -> Floats:
    """Average each step with its neighbours."""
    padded = np.pad(tails, ((0, 0), (1, 1)), mode="edge")
    smoothed: Floats = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    return smoothed


def _stretched(tail: Floats, steps: int) -> Floats:
    return tail[np.minimum(np.arange(steps), len(tail) - 1)]
