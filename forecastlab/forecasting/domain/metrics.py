"""How far forecasts f were from what happened, y. Percentages are 0 to 100; undefined is NaN.

    WAPE    100 * sum |f - y| / sum |y|, pooled over points
    bias    100 * sum (f - y) / sum y, pooled over points; positive is too much
    MAE     mean |f - y|, and RMSE the root of mean (f - y)^2: units sold, pooled over points
    MASE    MAE of a series over its mean |y[t] - y[t-lag]| before the first origin (Hyndman and
            Koehler, "Another look at measures of forecast accuracy", 2006), averaged over series
    RMSSE   root of a series' mean squared error over its mean (y[t] - y[t-1])^2 before the first
            origin (M5 competition, 2020), averaged over series
    sMAPE   mean of 200 * |f - y| / (|f| + |y|) of a series (M4 competition, 2018), averaged over
            series

Nothing is added to a zero denominator: such a series is left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from forecastlab.forecasting.domain.observed import mean_seen, quotient
from forecastlab.forecasting.domain.panel import Flags, Floats

METRICS = ("wape", "mase", "rmsse", "mae", "rmse", "smape", "bias")
PERCENTAGES = ("wape", "smape", "bias")


@dataclass(frozen=True, slots=True)
class Scales:
    """What MASE and RMSSE divide by, one number a series, the same for every fold."""

    seasonal: Floats
    squared_step: Floats

    def on(self, part: slice) -> Scales:
        """Return those of some series."""
        return Scales(self.seasonal[part], self.squared_step[part])


def scales(training: Floats, season: int) -> Scales:
    """Return the mean change over `season` periods and the mean squared change over one.

    `training` is periods x series, up to the first origin.
    """
    return Scales(
        mean_seen(np.abs(training[season:] - training[:-season])),
        mean_seen((training[1:] - training[:-1]) ** 2),
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """One model on every series: sums over the points that were scored.

    The last axis of every array is the series; where folds or steps are told apart, they are the
    axis before it. `points` counts. `absolute`, `squared` and `signed` are the sums of |f - y|,
    (f - y)^2 and f - y, `sold` and `volume` those of y and |y|; `symmetric` is the sum of
    2 * |f - y| / (|f| + |y|) over the `comparable` points, on which it is defined.
    """

    points: Floats
    absolute: Floats
    squared: Floats
    signed: Floats
    sold: Floats
    volume: Floats
    symmetric: Floats
    comparable: Floats
    scales: Scales

    @property
    def series(self) -> dict[str, Floats]:
        """Return every metric for every series."""
        return {name: self.of_series(name) for name in METRICS}

    def of_series(self, metric: str) -> Floats:
        """Return one metric for every series."""
        if metric == "mase":
            return quotient(quotient(self.absolute, self.points), self.scales.seasonal)
        if metric == "rmsse":
            mse = quotient(self.squared, self.points)
            return np.sqrt(quotient(mse, self.scales.squared_step))
        if metric == "smape":
            return 100 * quotient(self.symmetric, self.comparable)
        above, below = self.parts(metric)
        return finished(metric, quotient(above, below))

    def parts(self, metric: str) -> tuple[Floats, Floats]:
        """Return what is summed over series above and below the line: see `finished`."""
        if metric in POOLED:
            above, below = POOLED[metric]
            return getattr(self, above), getattr(self, below)
        each = self.of_series(metric)
        return np.nan_to_num(each), (~np.isnan(each)).astype(np.float64)

    def pooled(self, judged: Flags) -> dict[str, float]:
        """Pool WAPE, bias, MAE and RMSE over points; average the others over series."""
        return {name: self.one_pooled(name, judged) for name in METRICS}

    def one_pooled(self, metric: str, judged: Flags) -> float:
        above, below = (one[judged].sum() for one in self.parts(metric))
        return float(finished(metric, np.array(above / below if below > 0 else np.nan)))

    def undefined(self, judged: Flags) -> dict[str, int]:
        """Count the series on which each metric has no value."""
        counts = {name: int(np.isnan(each[judged]).sum()) for name, each in self.series.items()}
        return {name: count for name, count in counts.items() if count}

    def over(self, part: slice = slice(None)) -> Scores:
        """Add up some of the folds or steps; a single one is not copied."""
        sums = {name: _added(getattr(self, name)[part]) for name in SUMS}
        return Scores(**sums, scales=self.scales)

    def parted(self, parts: Iterable[slice]) -> Scores:
        """Add up the folds or steps part by part: parts x series."""
        made = [self.over(part) for part in parts]
        sums = {name: np.stack([getattr(one, name) for one in made]) for name in SUMS}
        return Scores(**sums, scales=self.scales)

    def put(self, part: slice, scores: Scores) -> None:
        """Write down the sums of some series."""
        for name in SUMS:
            getattr(self, name)[..., part] = getattr(scores, name)


def _added(cells: Floats) -> Floats:
    added: Floats = cells[0] if len(cells) == 1 else cells.sum(axis=0)
    return added


# What is added up: alike for all models, and a model's own.
ALIKE = ("points", "sold", "volume")
OWN_SUMS = ("signed", "squared", "absolute", "comparable", "symmetric")
SUMS = (*ALIKE, *OWN_SUMS)
# Metrics that are pooled over points: what is added up above the line, and below it.
POOLED = {
    "wape": ("absolute", "volume"),
    "bias": ("signed", "sold"),
    "mae": ("absolute", "points"),
    "rmse": ("squared", "points"),
}
_FINISH: dict[str, Callable[[Floats], Floats]] = {
    "wape": lambda ratio: 100 * ratio,
    "bias": lambda ratio: 100 * ratio,
    "rmse": lambda ratio: np.sqrt(ratio),
}


def finished(metric: str, ratio: Floats) -> Floats:
    """Return the metric from what `parts` gives: the sum above the line over the one below."""
    return _FINISH[metric](ratio) if metric in _FINISH else ratio


@dataclass(frozen=True, slots=True)
class Counted:
    """Scores told apart by fold (folds x series) and by step (steps x series)."""

    by_fold: Scores
    by_step: Scores


class Counter:
    """Counts the errors of one model after the other on the same actuals, folds x steps x series.

    What is unknown (NaN) is not scored. Sums that are alike for every model are made once.
    """

    def __init__(self, actual: Floats, scale: Scales) -> None:
        self._scale, self._actual = scale, actual
        known = ~np.isnan(actual)
        sold = np.where(known, actual, 0.0)
        alike = {"points": known, "sold": sold, "volume": np.abs(sold)}
        self._alike = [
            {name: cells.sum(axis=axis, dtype=np.float64) for name, cells in alike.items()}
            for axis in (1, 0)
        ]

    def count(self, forecast: Floats) -> Counted:
        folds, steps, width = forecast.shape
        by_fold = {name: np.empty((folds, width)) for name in OWN_SUMS}
        by_step = {name: np.zeros((steps, width)) for name in OWN_SUMS}
        for fold in range(folds):
            for name, cells in self._cells(fold, forecast[fold]):
                by_fold[name][fold] = cells.sum(axis=0)
                by_step[name] += cells
        return Counted(
            Scores(**by_fold, **self._alike[0], scales=self._scale),
            Scores(**by_step, **self._alike[1], scales=self._scale),
        )

    def _cells(self, fold: int, forecast: Floats) -> Iterator[tuple[str, Floats | Flags]]:
        actual = self._actual[fold]
        known = ~np.isnan(actual)
        error = np.where(known, forecast - actual, 0.0)
        yield "signed", error
        yield "squared", error * error
        absolute = np.abs(error, out=error)
        yield "absolute", absolute
        both = np.where(known, np.abs(forecast) + np.abs(actual), 0.0)
        comparable = both > 0
        yield "comparable", comparable
        absolute *= 2
        yield "symmetric", np.divide(absolute, both, out=absolute, where=comparable)


def score(actual: Floats, forecast: Floats, scale: Scales) -> Scores:
    """Score over all folds and steps."""
    return Counter(actual, scale).count(forecast).by_fold.over()


def wape(actual: Floats, forecast: Floats) -> float:
    """Return the WAPE in percent over the points of which `actual` is known; NaN if undefined."""
    known = ~np.isnan(actual)
    error = np.abs(forecast[known] - actual[known]).sum()
    return 100 * _single(float(error), float(np.abs(actual[known]).sum()))


def _single(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")
