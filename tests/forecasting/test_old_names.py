"""Names of models from older configs: what runs for them, and that it is said."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from forecastlab.forecasting.domain import config
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.forecasting.models import Backtest
from forecastlab.jobs.models import Job
from tests.factories import make_run, make_sales, make_user, make_version, work_off
from tests.forecasting.panels import make_panel, whole_of

ELEVEN = {
    "naive": "naive",
    "seasonal_naive": "seasonal_naive",
    "moving_average": "moving_average",
    "weighted_moving_average": "weighted_moving_average",
    "seasonal_average": "seasonal_mean",
    "trend_regression_baseline": "trend_regression_baseline",
    "prophet_like": "driver",
    "regression": "lightgbm",
    "random_forest": "random_forest",
    "lightgbm": "lightgbm",
    "xgboost": "lightgbm",
}
RENAMED = {old: new for old, new in ELEVEN.items() if old != new}
SAID = {
    "prophet_like runs as Driver panel",
    "regression runs as LightGBM",
    "seasonal_average runs as Seasonal mean",
    "xgboost runs as LightGBM",
}


def run(*arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json as alice; return the object that it prints."""
    out, found = io.StringIO(), 0
    try:
        call_command(*arguments, "--json", "--as", "alice", stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        found = int(leaving.code or 0)
    assert found == code, out.getvalue()
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def forecast(name: str, sales: np.ndarray, *, steps: int = 7, frequency: str = "D") -> np.ndarray:
    panel = make_panel(sales)
    task = Task((panel.periods - 1,), steps, 7, frequency)
    model = zoo()[name]
    return model.forecast(panel, task, model.learn(whole_of(panel), task)).values[0]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_backtest_by_old_names_names_what_ran(worker: None, client: Client) -> None:
    alice = make_user()
    make_version(make_sales(60, 3), by=alice)
    client.force_login(alice)

    told = run("backtest", "--dataset", "shop", "--folds", "1", "--models", ",".join(ELEVEN))

    assert set(told["models"]) == set(ELEVEN.values())
    assert told["renamed"] == RENAMED
    backtest = Backtest.objects.get()
    assert backtest.config["models"] == [name for name in zoo() if name in ELEVEN.values()]
    real = config.resolve({"models": [*ELEVEN.values()], "folds": 1}, frequency="D")
    assert told["config_hash"] == backtest.config_hash == real.hash
    page = client.get(reverse("forecasting:backtest", args=[backtest.pk])).content.decode()
    assert all(one in page for one in SAID)


@pytest.mark.django_db
def test_a_run_by_an_old_name_has_the_config_of_the_real_one(client: Client) -> None:
    alice = make_user()
    make_version(make_sales(60, 3), by=alice)
    asked = ("run_showcase", "--dataset", "shop", "--horizon", "7", "--dry-run", "--models")

    old, real = run(*asked, "prophet_like,naive,driver"), run(*asked, "driver,naive")
    made = make_run(by=alice, dataset="shop", horizon=7, models=["prophet_like", "naive"])
    work_off(made)

    assert old["config_hash"] == real["config_hash"] == made.config_hash
    assert old["config"]["models"] == real["config"]["models"] == ["naive", "driver"]
    assert old["config"]["renamed"] == {"prophet_like": "driver"}
    assert "renamed" not in real["config"]
    train = made.steps.get(name="train")
    assert train.data["renamed"] == {"prophet_like": "driver"}
    client.force_login(alice)
    assert (
        "prophet_like runs as Driver panel" in client.get(made.get_absolute_url()).content.decode()
    )


@pytest.mark.django_db
def test_the_api_takes_old_names_and_refuses_unknown_ones(client: Client) -> None:
    alice = make_user()
    make_version(make_sales(60, 3), by=alice)
    client.force_login(alice)
    body = {"dataset": "shop", "folds": 1, "models": ["xgboost", "lightgbm", "prophet_like"]}

    taken, refused = (
        client.post(reverse("api:backtest-start"), one, content_type="application/json")
        for one in (body, {**body, "models": ["prophet"]})
    )

    job = Job.objects.get(pk=taken.json()["job"])
    assert job.params["models"] == ["lightgbm", "driver"]
    assert job.params["renamed"] == {"prophet_like": "driver", "xgboost": "lightgbm"}
    assert (refused.status_code, refused.json()["field"]) == (422, "models")
    run("run_showcase", "--dataset", "shop", "--models", "prophet", code=2)


def test_newer_sales_weigh_more_in_the_weighted_mean() -> None:
    sales = np.arange(60.0)[:, None].repeat(2, axis=1)
    sales[-14:-2, 1] = np.nan

    found = forecast("weighted_moving_average", sales)

    weights = np.arange(1, 15)
    assert found[:, 0] == pytest.approx(np.average(sales[-14:, 0], weights=weights))
    assert found[:, 1] == pytest.approx(np.average([58, 59], weights=[13, 14]))


def test_the_trend_regression_is_the_ridge_regression_it_claims_to_be() -> None:
    """Beside the design matrix written out, with holes."""
    sales = make_sales(61, 2)
    sales[[3, 20, 21], 1] = np.nan
    time = np.arange(68) / 60
    design = np.column_stack([np.ones(68), time, np.eye(7)[np.arange(68) % 7]])
    penalty = np.diag([0.0] + 8 * [1.0])

    found = forecast("trend_regression_baseline", sales)

    for place in range(2):
        seen = np.flatnonzero(~np.isnan(sales[:, place]))
        rows = design[seen]
        solved = np.linalg.solve(rows.T @ rows + penalty, rows.T @ sales[seen, place])
        assert found[:, place] == pytest.approx(np.maximum(design[61:] @ solved, 0))
