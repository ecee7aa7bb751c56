"""Ranges from what went wrong before: one pool of scaled errors for all series.

An error is divided by forecast^slope and by how much harder than usual its series is, shrunk
towards "as usual". What is left is alike enough to be pooled, by step ahead.

Pinball loss (Koenker and Bassett, "Regression Quantiles", 1978) of a quantile q at share s is
2 * (s - (y < q)) * (y - q); it is averaged over both ends of every level and given in percent of
what was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecastlab.forecasting.domain.by_model import parts
from forecastlab.forecasting.domain.panel import Flags, Floats

SLOPES = (0.3, 1.0)
LEAST_SHARE = 0.02
PRIOR_POINTS = 20
# Few folds know little of how windows differ: with fewer than so many, ranges are so much wider.
FEW_FOLDS = 4
WIDER = 1.1


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
    known = ~np.isnan(actual) if known is None else known
    level = _level(actual, forecast, known)
    slope = _slope(actual, forecast, known)
    scaled = np.full(actual.shape, np.nan)
    for place, (sold, said, seen) in enumerate(zip(actual, forecast, known, strict=True)):
        base = _base(said, level, slope)
        np.divide(sold - said, base, out=scaled[place], where=seen & (base > 0))
    hardness = _hardness(scaled)
    scaled /= hardness
    shares = [share for one in levels for share in _shares(one)]
    tails = _smoothed(_quantiles(scaled, shares)) * (WIDER if len(actual) < FEW_FOLDS else 1.0)
    return Spread(
        slope,
        level,
        hardness,
        {one: (tails[2 * place], tails[2 * place + 1]) for place, one in enumerate(levels)},
    )


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


def _level(actual: Floats, forecast: Floats, known: Flags) -> Floats:
    """Return what a period sells on average, or is forecast to; unknown is nothing sold."""
    sold = np.zeros(actual.shape[-1])
    for place, seen in enumerate(known):
        sold += np.where(seen, actual[place], 0.0).sum(axis=0)
    periods = actual.shape[0] * actual.shape[1]
    level: Floats = np.maximum(sold / periods, forecast.mean(axis=(0, 1)))
    return level


def _base(forecast: Floats, level: Floats, slope: float) -> Floats:
    base: Floats = np.maximum(forecast, LEAST_SHARE * level) ** slope
    return base


def _slope(actual: Floats, forecast: Floats, known: Flags) -> float:
    """Return how fast errors grow with the forecast, on logarithmic scales.

    The moments of the folds are put together as by Chan, Golub and LeVeque, "Algorithms for
    computing the sample variance" (1983), equation 2.1, so that no fold is looked at twice.
    """
    points, mean, spread, shared = 0, np.zeros(2), 0.0, 0.0
    for sold, said, seen in zip(actual, forecast, known, strict=True):
        size = np.abs(sold - said)
        both = seen & (size > 0) & (said > 0)
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


def _hardness(scaled: Floats) -> Floats:
    """Return how much larger than usual the scaled errors of each series are."""
    points = np.zeros(scaled.shape[-1], dtype=np.int64)
    total = np.zeros(scaled.shape[-1])
    for one in scaled:
        usable = ~np.isnan(one)
        points += usable.sum(axis=0)
        total += np.where(usable, np.abs(one), 0.0).sum(axis=0)
    usual = total.sum() / max(int(points.sum()), 1)
    own = np.divide(total, points * usual, out=np.ones(len(points)), where=(points * usual) > 0)
    hardness: Floats = (points * own + PRIOR_POINTS) / (points + PRIOR_POINTS)
    return hardness


def _quantiles(left: Floats, shares: Sequence[float]) -> Floats:
    """Return quantiles x steps, pooled over folds and series; 0 where nothing is known."""
    steps = left.shape[1]
    found = np.zeros((len(shares), steps))
    for step in range(steps):
        pool = left[:, step].ravel()
        pool = pool[~np.isnan(pool)]
        if len(pool):
            found[:, step] = np.quantile(pool, shares)
    return found


def _smoothed(tails: Floats) -> Floats:
    """Average each step with its neighbours."""
    padded = np.pad(tails, ((0, 0), (1, 1)), mode="edge")
    smoothed: Floats = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    return smoothed


def _stretched(tail: Floats, steps: int) -> Floats:
    return tail[np.minimum(np.arange(steps), len(tail) - 1)]
