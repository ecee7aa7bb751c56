"""A forecast of a few series that nobody had to judge: numbers that a reader can add up."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Backtest, Forecast, ForecastIssue, ModelRun
from forecastlab.planning.queries import horizons
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.warehouse.models import DatasetVersion, Series
from tests.factories import make_group, make_user, make_version

# Units a day of each series, the same on all days ahead.
MODEL = (10.0, 20.0, 30.0)
DAYS, HORIZON = 28, 7
# Sales of make_version begin on Monday 5 January 2026: the forecast begins on 2 February.
FIRST, SECOND, LAST = "2026-02-02", "2026-02-03", "2026-02-08"


def steady_sales(days: int = DAYS, units: tuple[float, ...] = MODEL) -> np.ndarray[Any, Any]:
    return np.tile(np.array(units), (days, 1))


def make_forecast(
    version: DatasetVersion | None = None,
    *,
    by: User | None = None,
    model: tuple[float, ...] = MODEL,
) -> ForecastIssue:
    """Issue a forecast of 7 days of a dataset that alice's group `readers` may see."""
    by = by or User.objects.filter(username="alice").first() or make_user()
    version = version or make_version(steady_sales(units=model), by=by)
    version.dataset.readers.add(make_group("readers"))
    now = timezone.now()
    backtest = Backtest.objects.create(
        version=version,
        key=f"test.{Backtest.objects.count()}",
        config={"frequency": "D", "horizon": HORIZON, "metric": "wape", "folds": 1},
        config_hash="",
        horizon=HORIZON,
        metric="wape",
        best_model="naive",
        default_policy="best",
        judged=len(model),
        result={"models": {}},
        forecasts="",
        serving="",
        created_by=by,
        created_at=now,
    )
    run = ModelRun.objects.create(
        version=version,
        backtest=backtest,
        model="seasonal_naive",
        config={},
        config_hash="",
        software={},
        window={},
        metrics={},
        series_count=len(model),
        artefact="",
        created_by=by,
        created_at=now,
    )
    issue = ForecastIssue.objects.create(
        version=version,
        backtest=backtest,
        model_run=run,
        key=backtest.key,
        alias=f"{version.dataset.name}-production",
        origin=version.history - 1,
        horizon=HORIZON,
        series_count=len(model),
        champions={"seasonal_naive": len(model)},
        created_by=by,
        created_at=now,
    )
    series = Series.objects.filter(dataset=version.dataset).order_by("unique_id")
    Forecast.objects.bulk_create(
        _forecast(issue, one, units) for one, units in zip(series, model, strict=True)
    )
    return issue


def _forecast(issue: ForecastIssue, series: Series, units: float) -> Forecast:
    flat = [units] * issue.horizon
    total = units * issue.horizon
    return Forecast(
        issue=issue,
        series=series,
        model="seasonal_naive",
        total=total,
        total_low=total,
        total_high=total,
        **dict.fromkeys(("yhat", "lo80", "hi80", "lo95", "hi95"), flat),
    )


def make_horizon(**options: Any) -> Horizon:
    return horizons.of_issue(make_forecast(**options))
