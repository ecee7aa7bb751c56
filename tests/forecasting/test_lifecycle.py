from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from forecastlab.forecasting.models import Forecast
from forecastlab.forecasting.services import forecasts
from forecastlab.warehouse.models import Dataset, DatasetVersion, Product, Series, Store
from tests.factories import make_sales, make_user, make_version, run_job

pytestmark = pytest.mark.django_db
NAN = float("nan")
DAYS = 220


def with_products(version: DatasetVersion, told: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """Give series a store each and a product, by code and with attributes."""
    dataset = Dataset.objects.get(pk=version.dataset_id)
    for number, (name, (code, attributes)) in enumerate(told.items()):
        product, _ = Product.objects.get_or_create(
            dataset=dataset, code=code, defaults={"attributes": attributes}
        )
        store = Store.objects.create(dataset=dataset, code=f"store {number}")
        Series.objects.filter(dataset=dataset, unique_id=name).update(product=product, store=store)


@pytest.mark.slow
def test_new_products_are_forecast_by_their_group_and_discontinued_ones_not_at_all() -> None:
    alice, at = make_user(), timezone.now()
    week = np.array([10.0, 10, 10, 10, 10, 20, 30])[np.arange(DAYS) % 7]
    sales = np.stack([week, 3 * week, 9 * week, *[week] * 5], axis=1)
    sales = sales + np.random.default_rng(2).normal(0, 0.1, sales.shape)
    sales[:-5, 1] = NAN  # new: other stores sell the product
    sales[:-5, 3] = NAN  # new: only its category is known
    sales[-190:, 4] = 0  # nothing sold for half a year
    sales[-30:, 5] = 0  # a pause
    version = make_version(sales)
    drink, food = {"category": "drink"}, {"category": "food"}
    with_products(
        version,
        {
            "S0:P0": ("cola", drink),
            "S0:P1": ("cola", drink),
            "S0:P2": ("bread", food),
            "S0:P3": ("cake", food),
            "S0:P4": ("tea", drink),
            "S0:P5": ("ice", drink),
            "S0:P6": ("gone", {**drink, "discontinue_date": "2026-08-01"}),
            "S0:P7": ("going", {**drink, "discontinue_date": "2027-01-01"}),
        },
    )

    job = run_job(forecasts.start(version, horizon=14, alias="", by=alice, at=at))

    assert job.status == "succeeded", job.error
    issue = forecasts.of_job(job)
    assert issue.without_forecast == [
        {"series": "S0:P4", "reason": "nothing sold in the last 190 days"},
        {"series": "S0:P6", "reason": "discontinued on 2026-08-01"},
    ]
    assert (issue.series_count, issue.champions["new"]) == (6, 2)
    made = {one.series.unique_id: one for one in Forecast.objects.select_related("series")}
    assert set(made) == {f"S0:P{place}" for place in (0, 1, 2, 3, 5, 7)}
    for name, alike in (("S0:P1", "S0:P0"), ("S0:P3", "S0:P2")):
        assert made[name].model == "new"
        shape = np.array(made[name].yhat) / np.array(made[alike].yhat)
        assert shape == pytest.approx(np.full(14, shape[0]))
        low, high = np.array(made[name].lo80), np.array(made[name].hi80)
        assert ((low <= made[name].yhat) & (made[name].yhat <= high)).all()
        assert (np.array(made[name].lo95) <= low).all()
    assert 1.2 < made["S0:P1"].total / made["S0:P0"].total < 3  # drawn to its group
    assert 0.1 < made["S0:P3"].total / made["S0:P2"].total < 0.8
    data = job.steps.get(name="register").data
    assert (data["series_without_forecast"], data["series_forecast"]) == (2, 6)


def test_without_products_a_young_series_keeps_the_forecast_of_its_own() -> None:
    alice, at = make_user(), timezone.now()
    sales = make_sales(90, 3)
    sales[:-5, 1] = NAN
    version = make_version(sales)

    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=at))

    issue = forecasts.of_job(job)
    assert issue.series_count == 3
    assert "new" not in issue.champions
    assert issue.without_forecast == []
