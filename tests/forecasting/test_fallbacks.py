from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from statsforecast import models as peers

from forecastlab.forecasting.domain import config, shards
from forecastlab.forecasting.services import backtests, forecasts
from tests.factories import make_run, make_sales, make_user, make_version, run_job, work_off
from tests.forecasting.panels import make_panel

NAN = float("nan")


@pytest.mark.parametrize("name", ["moving_average", "tsb"])
def test_a_series_that_breaks_a_model_costs_no_other_its_forecast(name: str) -> None:
    sales = make_sales(90, 4)
    sales[::2, 1] = 1.7e308  # the sum of two is beyond all numbers
    sales[1::2, 1] = 1.0
    panel = make_panel(sales)
    asked = config.resolve({"models": ["seasonal_naive", name]}, frequency="D")
    work = shards.judging(asked, panel.periods)

    done = shards.run(panel, work, shards.learn(asked.single, panel, work), lambda _: None)

    usual, tried = done["seasonal_naive"], done[name]
    assert list(tried.fallen) == [1]
    assert np.array_equal(tried.judged[:, :, 1], usual.judged[:, :, 1])
    assert not np.array_equal(tried.judged[:, :, 0], usual.judged[:, :, 0])
    assert not usual.fallen


@pytest.mark.django_db
def test_a_judgement_goes_on_without_what_failed_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sales = make_sales(90, 4)
    sales[:44, 2] = NAN  # four days before the first fold
    alice = make_user()
    version = make_version(sales)

    def refuse(*given: object, **more: object) -> None:
        raise Exception("no model able to be fitted")

    monkeypatch.setattr(peers.MFLES, "forecast", refuse)
    models = ["naive", "dynamic_optimized_theta", "mfles"]
    job = run_job(backtests.start(version, {"models": models}, by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    told = backtests.of_job(job).result
    assert set(told["models"]) == {"naive", "dynamic_optimized_theta"}
    assert told["fallbacks"] == [
        {
            "model": "dynamic_optimized_theta",
            "series": 1,
            "reason": "no finite forecast",
            "first": ["S0:P2"],
        }
    ]
    assert told["left_out"] == [
        {"model": "mfles", "reason": "Exception: no model able to be fitted"}
    ]
    assert job.steps.get(name="train", parent=None).data["fallbacks"] == told["fallbacks"]
    assert told["unavailable"] == []


@pytest.mark.django_db
def test_pages_name_series_that_fall_back_or_are_not_forecast(client: Client) -> None:
    alice = make_user()
    sales = make_sales(230, 4)
    sales[:184, 2] = NAN  # four days before the first fold
    sales[-200:, 3] = 0
    make_version(sales)
    run = work_off(make_run(by=alice, models=["naive", "dynamic_optimized_theta"]))
    client.force_login(alice)

    shown = client.get(run.get_absolute_url()).content.decode()
    listed = client.get(reverse("forecasting:series")).content.decode()

    assert "Optimised theta: 1 series falls back (S0:P2), no finite forecast" in shown
    for page in (shown, listed):
        assert "1 discontinued series is not forecast" in page
        assert "S0:P3: nothing sold in the last 200 days" in page


@pytest.mark.django_db
def test_what_serves_and_cannot_run_any_more_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, at = make_user(), timezone.now()
    version = make_version(make_sales(90, 2))
    options = {"dataset": "shop", "version": version.pk, "horizon": 7, "models": ["mfles"]}
    run_job(forecasts.jobs.create(forecasts.KIND, params=options, by=alice, at=at))

    def refuse(*given: object, **more: object) -> None:
        raise np.linalg.LinAlgError("singular matrix")

    monkeypatch.setattr(peers.MFLES, "forecast", refuse)
    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=at))

    assert job.status == "succeeded", job.error
    told = job.steps.get(name="train", parent=None).data
    assert told["fallbacks"][0]["series"] == 2
    assert forecasts.of_job(job).series_count == 2
