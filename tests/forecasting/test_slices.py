"""What a judgement keeps of its parts, and what serves with and without a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.test import Client
from django.urls import reverse

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Backtest, Champion, Forecast, ForecastIssue, SliceScore
from tests.factories import make_sales, make_user
from tests.forecasting.test_commands import run

pytestmark = pytest.mark.django_db(transaction=True)

DAYS, PLANNED = 84, 7
MODELS = "naive,moving_average,driver,ensemble"


def write_sales(folder: Path) -> list[str]:
    """Write two stores with four products in two categories; prices are planned for a week."""
    sales = make_sales(DAYS, 8)
    price = np.where(np.random.default_rng(3).random((DAYS + PLANNED, 8)) < 0.2, 0.5, 1.0)
    sales *= np.where(price[:DAYS] < 1, 3, 1)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 31), eager=True)
    rows = ["store,product,ds,quantity,price"]
    for series in range(8):
        for t, day in enumerate(days):
            sold = int(sales[t, series]) if t < DAYS else ""
            rows.append(f"S{series // 4},P{series % 4},{day},{sold},{price[t, series]}")
    (folder / "sales.csv").write_text("\n".join(rows))
    products = "sku,category\nP0,juice\nP1,juice\nP2,milk\nP3,milk\n"
    (folder / "products.csv").write_text(products)
    return [str(folder / "sales.csv"), "--products", str(folder / "products.csv")]


@pytest.fixture
def shop(worker: None, tmp_path: Path) -> Path:
    make_user("alice")
    code, told = run("import_dataset", "shop", *write_sales(tmp_path))
    assert code == 0, told
    return tmp_path


def kept(by: str) -> dict[tuple[str, str], SliceScore]:
    return {(one.key, one.model): one for one in SliceScore.objects.filter(by=by)}


def by_hand(judged: pl.DataFrame, key: str) -> dict[tuple[str, str], tuple[float, float, int]]:
    error = pl.col("yhat") - pl.col("y")
    found = judged.group_by(key, "model").agg(
        wape=100 * error.abs().sum() / pl.col("y").abs().sum(),
        bias=100 * error.sum() / pl.col("y").sum(),
        points=pl.len(),
    )
    return {(str(row[0]), row[1]): row[2:] for row in found.iter_rows()}


def test_parts_are_kept_as_the_judged_forecasts_add_up(shop: Path) -> None:
    path = shop / "judged.parquet"
    asked = ["--models", MODELS, "--horizon", "10", "--policy", "group_best"]

    code, told = run("backtest", "--dataset", "shop", *asked, "--forecasts", str(path))

    assert code == 0, told
    category = {"P0": "juice", "P1": "juice", "P2": "milk", "P3": "milk"}
    step = (pl.col("ds") - pl.col("cutoff")).dt.total_days()
    judged = pl.read_parquet(path).with_columns(
        fold=pl.col("cutoff").rank("dense"),
        step=step,
        horizon=pl.when(step <= 7).then(pl.lit("h_1_7")).otherwise(pl.lit("h_8_14")),
        store=pl.col("unique_id").str.split(":").list.first(),
        category=pl.col("unique_id").str.split(":").list.last().replace_strict(category),
    )
    for by in ("fold", "step", "horizon", "store", "category"):
        expected = by_hand(judged, by)
        rows = kept(by)
        assert set(rows) == set(expected)
        for key, (wape, bias, points) in expected.items():
            assert rows[key].wape == pytest.approx(wape), key
            assert rows[key].bias == pytest.approx(bias), key
            assert rows[key].points == points
    assert {key for key, _ in kept("volume")} == {"q1", "q2", "q3", "q4"}
    assert {one.series for one in kept("category").values()} == {4}
    assert told["slices"]["horizon"]["h_8_14"]["naive"]["wape"] == pytest.approx(
        kept("horizon")["h_8_14", "naive"].wape
    )
    served_as_asked(told)


def served_as_asked(told: dict[str, Any]) -> None:
    assert told["default_policy"] == "group_best"
    assert set(told["champion_policies"]) == {
        *("ensemble_switch", "ensemble", "global_best", "group_best", "series_best")
    }
    assert Backtest.objects.get().default_policy == "group_best"
    assert set(Champion.objects.values_list("reason", flat=True)) == {"group"}
    assert len(set(Champion.objects.values_list("model", flat=True))) <= 2
    assert set(told["comparisons"]) == set(told["models"]) - {told["best_model"]}
    assert told["without_plan"]["champions"].keys() <= {"naive", "moving_average", "ensemble"}
    assert told["intervals"]["fold"] == 3
    assert set(told["intervals"]["models"]) == {*told["models"], "served"}


@pytest.mark.slow
def test_beyond_the_plan_models_serve_that_need_none(shop: Path) -> None:
    code, told = run("forecast", "--dataset", "shop", "--horizon", str(PLANNED))
    assert code == 0, told
    planned = ForecastIssue.objects.get()
    assert not planned.without_plan

    code, told = run("forecast", "--dataset", "shop", "--horizon", str(PLANNED + 1))

    assert code == 0, told
    beyond = ForecastIssue.objects.latest("pk")
    assert beyond.without_plan
    assert told["without_plan"] is True
    assert beyond.champions != planned.champions or stored(beyond) != stored(planned)
    assert not set(beyond.champions) & {"driver", "lightgbm"}
    assert beyond.model_run.model in beyond.champions
    assert Backtest.objects.get().result["without_plan"]["members"]
    the_pages_say_so(beyond, planned)


def the_pages_say_so(beyond: ForecastIssue, planned: ForecastIssue) -> None:
    """Who reads a forecast is told that the champion does not serve, and what to do."""
    client, told = Client(), "Load them as planned rows"
    client.force_login(User.objects.get(username="alice"))
    series = list(Forecast.objects.filter(issue=beyond).values_list("series", flat=True))

    def pages(issue: ForecastIssue) -> list[str]:
        found = [reverse("forecasting:series-page", args=[issue.pk, one]) for one in series]
        return [client.get(one).content.decode() for one in found]

    assert told in client.get(beyond.get_absolute_url()).content.decode()
    assert told not in client.get(planned.get_absolute_url()).content.decode()
    standing_in = [one for one in pages(beyond) if told in one]
    assert standing_in
    assert all("Instead of the champion" in one for one in standing_in)
    assert not [one for one in pages(planned) if told in one]


def stored(issue: ForecastIssue) -> list[float]:
    found = Forecast.objects.filter(issue=issue).order_by("series")
    return [one.yhat[0] for one in found]
