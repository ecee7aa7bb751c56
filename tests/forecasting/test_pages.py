from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.forecasting.domain.config import default_models
from forecastlab.forecasting.models import Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.services import forecasts
from forecastlab.lib import artefacts
from tests.factories import make_group, make_sales, make_user, make_version, run_job

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def make_issue(*, by=None, series: int = 3, horizon: int = 7) -> ForecastIssue:
    """Judge and forecast a small dataset that alice owns and her readers may see."""
    by = by or make_user()
    version = make_version(make_sales(90, series), by=by)
    version.dataset.readers.add(make_group("readers"))
    job = run_job(forecasts.start(version, horizon=horizon, alias="", by=by, at=timezone.now()))
    assert job.status == "succeeded", job.error
    return forecasts.of_job(job)


def signed_in(username: str = "alice", **fields) -> Client:
    client = Client()
    client.force_login(make_user(username, **fields))
    return client


@pytest.fixture
def issue() -> ForecastIssue:
    return make_issue()


@pytest.fixture
def alice(issue: ForecastIssue, client: Client) -> Client:
    client.force_login(issue.created_by)
    return client


def test_series_are_listed_with_their_total(issue: ForecastIssue, alice: Client) -> None:
    page = alice.get(reverse("forecasting:series"))

    assert page.status_code == 200
    for name in ("S0:P0", "S0:P1", "S0:P2"):
        assert name in page.content.decode()


def test_searching_answers_with_the_table_alone(issue: ForecastIssue, alice: Client) -> None:
    page = alice.get(
        reverse("forecasting:series"), {"search": "P1"}, headers={"HX-Request": "true"}
    )

    text = page.content.decode()
    assert "S0:P1" in text
    assert "S0:P2" not in text
    assert "<html" not in text


def test_a_search_without_match_offers_a_way_back(issue: ForecastIssue, alice: Client) -> None:
    page = alice.get(reverse("forecasting:series"), {"search": "nowhere"})

    assert "No series match" in page.content.decode()


def test_one_series_shows_history_folds_and_forecast(issue: ForecastIssue, alice: Client) -> None:
    forecast = Forecast.objects.filter(issue=issue).first()

    page = alice.get(reverse("forecasting:series-page", args=[issue.pk, forecast.series_id]))

    chart = page.context["page"].chart.plain
    assert len(chart["t"]) == 90 + 7
    assert chart["t"][90] == "2026-04-05"
    assert [one["from"] for one in chart["folds"]] == [69, 76, 83]
    assert chart["forecast"][90:] == pytest.approx(forecast.yhat)
    assert chart["judged"][68] is None
    assert chart["judged"][69] is not None
    assert b"<forecast-chart" in page.content


def test_promotions_are_drawn_and_the_list_writes_totals_as_the_page_does(client: Client) -> None:
    promo = np.zeros((90, 1))
    promo[80:83] = 1
    version = make_version(make_sales(90, 1), promo=promo)
    started = forecasts.start(
        version, horizon=7, alias="", by=version.created_by, at=timezone.now()
    )
    found = forecasts.of_job(run_job(started))
    forecast = Forecast.objects.get(issue=found)
    client.force_login(version.created_by)

    page = client.get(reverse("forecasting:series-page", args=[found.pk, forecast.series_id]))
    listed = client.get(reverse("forecasting:series"))

    drawn = page.context["page"].chart.plain["promo"]
    assert [place for place, one in enumerate(drawn) if one] == [80, 81, 82]
    total = f"{forecast.total:,.0f}"
    assert f"Expect {total} units" in page.content.decode()
    assert f">{total}</td>" in listed.content.decode()


def test_model_runs_of_a_backtest_are_listed_best_first(alice: Client) -> None:
    page = alice.get(reverse("forecasting:model-runs"))

    errors = [row.wape for row in page.context["list"].rows]
    assert len(errors) > 1
    assert errors == sorted(errors)


def test_the_total_lies_within_its_range(issue: ForecastIssue) -> None:
    for one in Forecast.objects.filter(issue=issue):
        assert one.total == pytest.approx(sum(one.yhat))
        assert one.total_low <= one.total <= one.total_high
        assert all(a <= b <= c for a, b, c in zip(one.lo95, one.lo80, one.yhat, strict=True))
        assert all(a <= b <= c for a, b, c in zip(one.yhat, one.hi80, one.hi95, strict=True))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_forecasts_can_be_taken_away(issue: ForecastIssue, alice: Client, suffix: str) -> None:
    answer = alice.get(reverse("forecasting:issue-download", args=[issue.pk, suffix]))

    read = pl.read_csv if suffix == "csv" else pl.read_parquet
    frame = read(io.BytesIO(answer.content))
    assert frame.columns == ["unique_id", "ds", "model", "yhat", "lo80", "hi80", "lo95", "hi95"]
    assert frame.height == 3 * 7


def test_judged_forecasts_can_be_taken_away(issue: ForecastIssue, alice: Client) -> None:
    answer = alice.get(
        reverse("forecasting:backtest-download", args=[issue.backtest_id, "judged", "csv"])
    )

    frame = pl.read_csv(io.BytesIO(answer.getvalue()))
    assert frame.columns == ["unique_id", "ds", "cutoff", "model", "y", "yhat"]
    assert frame.height == 3 * 3 * 7 * len(default_models())


def test_a_model_run_is_verified_on_request(issue: ForecastIssue, alice: Client) -> None:
    run = issue.model_run

    page = alice.get(run.get_absolute_url(), {"verify": "1"})

    assert "The artefact was read again" in page.content.decode()


def test_a_damaged_artefact_is_told(issue: ForecastIssue, alice: Client) -> None:
    path = artefacts.path(issue.model_run.artefact)
    path.write_bytes(b"something else")

    page = alice.get(issue.model_run.get_absolute_url(), {"verify": "1"})

    path.unlink()  # equal artefacts of other tests live under the same digest
    assert "The artefact is damaged" in page.content.decode()


def test_model_runs_are_listed(issue: ForecastIssue, alice: Client) -> None:
    page = alice.get(reverse("forecasting:model-runs"))

    assert page.status_code == 200
    assert ModelRun.objects.count() == len(default_models())
    assert page.context["list"].page.paginator.count == len(default_models())


@pytest.mark.parametrize("username", ["bob", "charlie"])
def test_only_readers_see_forecasts(issue: ForecastIssue, username: str) -> None:
    client = Client()
    user = make_user(username)
    if username == "bob":
        user.groups.add(make_group("readers"))
    client.force_login(user)
    series_id = Forecast.objects.filter(issue=issue).first().series_id

    answers = [
        client.get(reverse("forecasting:issue", args=[issue.pk])),
        client.get(reverse("forecasting:series-page", args=[issue.pk, series_id])),
        client.get(reverse("forecasting:issue-download", args=[issue.pk, "csv"])),
        client.get(reverse("forecasting:model-run", args=[issue.model_run_id])),
        client.get(
            reverse("forecasting:backtest-download", args=[issue.backtest_id, "judged", "csv"])
        ),
    ]

    assert {one.status_code for one in answers} == {200 if username == "bob" else 404}


def test_a_stranger_is_told_there_are_no_forecasts(issue: ForecastIssue) -> None:
    page = signed_in("charlie").get(reverse("forecasting:series"))

    assert "No forecasts yet" in page.content.decode()


def test_pages_ask_the_database_a_fixed_number_of_times(
    issue: ForecastIssue, alice: Client, django_assert_max_num_queries
) -> None:
    series_id = Forecast.objects.filter(issue=issue).first().series_id

    with django_assert_max_num_queries(10):
        alice.get(reverse("forecasting:series"))
    with django_assert_max_num_queries(14):
        alice.get(reverse("forecasting:series-page", args=[issue.pk, series_id]))
    with django_assert_max_num_queries(10):
        alice.get(reverse("forecasting:models"))
