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
    """One model on every series: sums over the points that were scored, one number a series.

    `points` counts them. `absolute`, `squared` and `signed` are the sums of |f - y|, (f - y)^2
    and f - y, `sold` and `volume` those of y and |y|; `symmetric` is the mean of
    2 * |f - y| / (|f| + |y|).
    """

    points: Floats
    absolute: Floats
    squared: Floats
    signed: Floats
    sold: Floats
    volume: Floats
    symmetric: Floats
    scales: Scales

    @property
    def series(self) -> dict[str, Floats]:
        """Return every metric for every series."""
        mae, mse = quotient(self.absolute, self.points), quotient(self.squared, self.points)
        return {
            "wape": 100 * quotient(self.absolute, self.volume),
            "bias": 100 * quotient(self.signed, self.sold),
            "mae": mae,
            "rmse": np.sqrt(mse),
            "mase": quotient(mae, self.scales.seasonal),
            "rmsse": np.sqrt(quotient(mse, self.scales.squared_step)),
            "smape": 100 * self.symmetric,
        }

    def pooled(self, judged: Flags) -> dict[str, float]:
        """Pool WAPE, bias, MAE and RMSE over points; average the others over series."""
        each = {name: values[judged] for name, values in self.series.items()}
        total = {name: float(getattr(self, name)[judged].sum()) for name in TOTALS}
        return {
            "wape": 100 * _single(total["absolute"], total["volume"]),
            "mase": _average(each["mase"]),
            "rmsse": _average(each["rmsse"]),
            "mae": _single(total["absolute"], total["points"]),
            "rmse": float(np.sqrt(_single(total["squared"], total["points"]))),
            "smape": _average(each["smape"]),
            "bias": 100 * _single(total["signed"], total["sold"]),
        }

    def undefined(self, judged: Flags) -> dict[str, int]:
        """Count the series on which each metric has no value."""
        counts = {name: int(np.isnan(each[judged]).sum()) for name, each in self.series.items()}
        return {name: count for name, count in counts.items() if count}


TOTALS = ("points", "absolute", "squared", "signed", "sold", "volume")


def score(actual: Floats, forecast: Floats, scale: Scales) -> Scores:
    """Score `forecast` where `actual` is known; both are folds x steps x series."""
    known = ~np.isnan(actual)
    error = np.where(known, forecast - actual, 0.0)
    sold = np.where(known, actual, 0.0)
    absolute, volume = np.abs(error), np.abs(sold)
    both = volume + np.where(known, np.abs(forecast), 0.0)
    symmetric = quotient(2 * absolute, both)
    flat = (-1, actual.shape[-1])
    return Scores(
        points=known.reshape(flat).sum(axis=0).astype(np.float64),
        absolute=absolute.reshape(flat).sum(axis=0),
        squared=(error * error).reshape(flat).sum(axis=0),
        signed=error.reshape(flat).sum(axis=0),
        sold=sold.reshape(flat).sum(axis=0),
        volume=volume.reshape(flat).sum(axis=0),
        symmetric=mean_seen(symmetric.reshape(flat)),
        scales=scale,
    )


def wape(actual: Floats, forecast: Floats) -> float:
    """Return the WAPE in percent over the points of which `actual` is known; NaN if undefined."""
    known = ~np.isnan(actual)
    error = np.abs(forecast[known] - actual[known]).sum()
    return 100 * _single(float(error), float(np.abs(actual[known]).sum()))


def _single(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


def _average(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
