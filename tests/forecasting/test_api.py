from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from forecastlab.forecasting.domain.config import default_models
from forecastlab.forecasting.models import Forecast, ForecastIssue
from tests.forecasting.test_pages import make_issue

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def issue() -> ForecastIssue:
    return make_issue()


@pytest.fixture
def alice(issue: ForecastIssue, client: Client) -> Client:
    client.force_login(issue.created_by)
    return client


def test_the_newest_forecasts_come_page_by_page(issue: ForecastIssue, alice: Client) -> None:
    url = reverse("api:forecast-list")

    first = alice.get(url, {"dataset": "shop", "limit": 2}).json()
    second = alice.get(url, {"dataset": "shop", "limit": 2, "cursor": first["next"]}).json()

    names = [one["unique_id"] for one in [*first["items"], *second["items"]]]
    assert names == ["S0:P0", "S0:P1", "S0:P2"]
    assert second["next"] is None
    assert (first["issue"], first["horizon"], first["origin"]) == (issue.pk, 7, "2026-04-04")


def test_one_series_comes_period_by_period(issue: ForecastIssue, alice: Client) -> None:
    url = reverse("api:forecast-read")

    told = alice.get(url, {"dataset": "shop@1", "unique_id": "S0:P1"}).json()

    stored = Forecast.objects.get(issue=issue, series__unique_id="S0:P1")
    assert [one["yhat"] for one in told["forecast"]] == pytest.approx(stored.yhat)
    assert told["forecast"][0]["ds"] == "2026-04-05"


def test_an_unknown_series_is_a_problem(issue: ForecastIssue, alice: Client) -> None:
    url = reverse("api:forecast-read")

    answer = alice.get(url, {"dataset": "shop", "unique_id": "nowhere"})

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_model_runs_tell_all_that_made_them(issue: ForecastIssue, alice: Client) -> None:
    told = alice.get(reverse("api:model-run-list"), {"dataset": "shop"}).json()

    assert len(told["items"]) == len(default_models())
    served = next(one for one in told["items"] if one["aliases"])
    assert served["model_run"] == issue.model_run_id
    assert served["metrics"]["wape"] > 0
    assert len(served["config_hash"]) == len(served["artefact"]) == 64


def test_models_say_which_run_by_default(issue: ForecastIssue, alice: Client) -> None:
    items = alice.get(reverse("api:model-list")).json()["items"]

    told = {one["model"]: one for one in items}
    assert [one["model"] for one in items if one["default"]] == default_models()
    assert told["holt"] == {
        "model": "holt",
        "title": "Holt (trend)",
        "default": False,
        "available": True,
        "reason": "",
        "old_names": [],
    }
    assert told["driver"]["old_names"] == ["prophet_like"]


def test_an_unknown_model_is_refused_by_its_field(issue: ForecastIssue, alice: Client) -> None:
    answer = alice.post(
        reverse("api:backtest-start"),
        {"dataset": "shop", "models": ["crystal_ball"]},
        content_type="application/json",
    )

    assert answer.status_code == 422
    assert answer.json()["field"] == "models"


def test_a_backtest_can_be_started(issue: ForecastIssue, alice: Client) -> None:
    answer = alice.post(
        reverse("api:backtest-start"),
        {"dataset": "shop", "models": ["naive"], "horizon": 7},
        content_type="application/json",
    )

    assert answer.status_code == 202
    assert answer.json()["job"] > 0


def test_what_is_longer_than_any_history_is_refused(issue: ForecastIssue, alice: Client) -> None:
    days = issue.version.history
    wrong = [("season_length", days + 1), ("season_length", 10**30), ("window", 100_001)]

    for field, value in wrong:
        answer = posted(alice, "backtest-start", {"models": ["naive"], field: value})
        assert (answer.status_code, answer.json().get("field")) == (422, field)


def test_options_that_are_unknown_or_of_another_type_are_refused(
    issue: ForecastIssue, alice: Client
) -> None:
    wrong = [
        ("backtest-start", {"horizn": 3}, "horizn"),
        ("backtest-start", {"folds": True}, "folds"),
        ("backtest-start", {"intervals": [True]}, "intervals.0"),
        ("forecast-start", {"horizn": 3}, "horizn"),
        ("forecast-start", {"horizon": "7"}, "horizon"),
    ]

    for name, options, field in wrong:
        answer = posted(alice, name, options)
        assert (answer.status_code, answer.json().get("field")) == (422, field)


def posted(client: Client, name: str, options: dict[str, Any]) -> Any:
    body = {"dataset": "shop", **options}
    return client.post(reverse(f"api:{name}"), body, content_type="application/json")
