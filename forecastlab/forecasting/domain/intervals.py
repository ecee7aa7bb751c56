"""Ranges from what went wrong before: one pool of scaled errors for all series.

An error is divided by forecast^slope and by how much harder than usual its series is, shrunk
towards "as usual". What is left is alike enough to be pooled, by step ahead.

Pinball loss (Koenker and Bassett, "Regression Quantiles", 1978) of a quantile q at share s is
2 * (s - (y < q)) * (y - q); it is averaged over both ends of every level and given in percent of
what was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def calibrate(actual: Floats, forecast: Floats, levels: Sequence[int]) -> Spread:
    """Learn from judged forecasts, folds x steps x series; unknown actuals are NaN.

    A scaled error is (y - f) / (max(f, 0.02 * level)^slope * hardness). `levels` are percents.
    Of fewer than four folds the tails are 1.1 times as long.
    """
    known = ~np.isnan(actual)
    error = np.where(known, actual - forecast, 0.0)
    level = _level(actual, forecast)
    slope = _slope(np.abs(error), forecast)
    base = _base(forecast, level, slope)
    usable = known & (base > 0)
    scaled = np.divide(error, base, out=error, where=usable)
    del base
    scaled[~usable] = 0.0
    hardness = _hardness(np.abs(scaled), usable)
    left = np.divide(scaled, hardness, out=scaled)
    left[~usable] = np.nan
    shares = [share for one in levels for share in _shares(one)]
    tails = _smoothed(_quantiles(left, shares)) * (WIDER if len(actual) < FEW_FOLDS else 1.0)
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
    """Ranges laid over one fold that they were not learnt from: steps x series."""

    def __init__(self, actual: Floats, forecast: Floats, spread: Spread) -> None:
        ranges = spread.around(forecast)
        known = ~np.isnan(actual)
        self._known = known
        self._sold = np.where(known, np.abs(actual), 0.0)
        self._inside = {
            level: known & (actual >= low) & (actual <= high)
            for level, (low, high) in ranges.items()
        }
        ends = [
            (share, end)
            for level, pair in ranges.items()
            for share, end in zip(_shares(level), pair, strict=True)
        ]
        lost = sum(_pinball(actual, end, share) for share, end in ends)
        self._lost = np.where(known, lost / len(ends), 0.0)

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


def _level(actual: Floats, forecast: Floats) -> Floats:
    sold = np.nan_to_num(actual).mean(axis=(0, 1))
    level: Floats = np.maximum(sold, forecast.mean(axis=(0, 1)))
    return level


def _base(forecast: Floats, level: Floats, slope: float) -> Floats:
    base: Floats = np.maximum(forecast, LEAST_SHARE * level) ** slope
    return base


def _slope(size: Floats, forecast: Floats) -> float:
    """Return how fast errors grow with the forecast, on logarithmic scales."""
    both = (size > 0) & (forecast > 0)
    if both.sum() < 2:
        return SLOPES[1]
    x, y = np.log(forecast[both]), np.log(size[both])
    x -= x.mean()
    y -= y.mean()
    spread = (x**2).sum()
    if spread == 0:
        return SLOPES[1]
    return float(np.clip((x * y).sum() / spread, *SLOPES))


def _hardness(size: Floats, usable: np.ndarray) -> Floats:
    points = usable.sum(axis=(0, 1))
    total = np.where(usable, size, 0.0).sum(axis=(0, 1))
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
