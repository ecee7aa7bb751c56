"""How far forecasts were from what happened. Percentages are 0 to 100; undefined is NaN.

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
    """What MASE and RMSSE divide by: from before the first origin, the same for every fold."""

    seasonal: Floats
    squared_step: Floats


def scales(training: Floats, season: int) -> Scales:
    """Return the mean seasonal change and the mean squared change of each series."""
    return Scales(
        mean_seen(np.abs(training[season:] - training[:-season])),
        mean_seen((training[1:] - training[:-1]) ** 2),
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """One model on every series; `points` counts what was scored."""

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


def _single(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


def _average(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
