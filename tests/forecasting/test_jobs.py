from __future__ import annotations

import pytest
from django.utils import timezone

from forecastlab.forecasting.models import Alias, Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.services import backtests, forecasts
from tests.factories import make_sales, make_user, make_version, run_job

pytestmark = pytest.mark.django_db


def test_every_series_is_judged_by_every_model_on_the_same_folds() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 5))

    job = run_job(backtests.start(version, {}, by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    backtest = backtests.of_job(job)
    assert backtest.judged + len(backtest.skipped) == 5
    assert backtest.scores.count() == 5 * 6


def test_a_first_forecast_judges_registers_and_stores() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 5))

    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    assert Alias.objects.get().name == "shop-production"
    assert ModelRun.objects.count() == 6
    issue = ForecastIssue.objects.get()
    assert Forecast.objects.filter(issue=issue).count() == 5
