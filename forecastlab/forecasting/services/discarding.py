"""Judgements that nobody needs any more, with all that came of them."""

from __future__ import annotations

from collections.abc import Iterable

from forecastlab.forecasting.models import (
    Backtest,
    Batch,
    BatchItem,
    Forecast,
    ForecastIssue,
    ModelRun,
)


def counts(backtests: Iterable[int], batches: Iterable[int]) -> dict[str, int]:
    """Return how many rows of each kind would go with these."""
    judged, swept = list(backtests), list(batches)
    issues = ForecastIssue.objects.filter(backtest__in=judged)
    return {
        "backtest": len(judged),
        "model_run": ModelRun.objects.filter(backtest__in=judged).count(),
        "forecast_issue": issues.count(),
        "forecast": Forecast.objects.filter(issue__in=issues).count(),
        "batch": len(swept),
        "batch_item": BatchItem.objects.filter(batch__in=swept).count(),
    }


def discard(backtests: Iterable[int], batches: Iterable[int]) -> None:
    """Delete backtests with their model runs and forecasts, and batches with their items.

    Belongs in a transaction of somebody who has asked what holds them.
    """
    Backtest.objects.filter(pk__in=list(backtests)).delete()
    Batch.objects.filter(pk__in=list(batches)).delete()
