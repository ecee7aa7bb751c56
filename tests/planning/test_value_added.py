"""What overrides did to the error: the rule, and the page after sales have come in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.planning.domain import value_added as rules
from forecastlab.planning.domain.value_added import Judged, Verdict
from forecastlab.planning.queries import horizons, value_added
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import overrides
from forecastlab.planning.services.overrides import Number, Words
from forecastlab.warehouse.models import DatasetVersion, Series
from tests.factories import make_user, make_version
from tests.planning.forecasts import DAYS, MODEL, make_forecast, make_horizon, steady_sales


def judged(actual: list[float], model: list[float], planner: list[float]) -> Judged:
    forecasts = {"naive": [10.0] * len(actual), "model": model, "overridden": planner}
    numbers = {name: np.array(one, dtype=float) for name, one in forecasts.items()}
    return Judged(np.array(actual, dtype=float), numbers, np.arange(len(actual)))


def test_value_added_is_the_models_error_minus_the_planners_on_the_same_days() -> None:
    """|10 - 20| + |10 - 5| of 25 sold is 60 %, of the planner |18 - 20| + |9 - 5| is 24 %."""
    found = rules.judge(judged([20, 5, math.nan], [10, 10, 10], [18, 9, 99]))

    assert (found.numbers, found.unjudged, found.days) == (2, 1, 2)
    assert found.wape == pytest.approx({"naive": 60, "model": 60, "overridden": 24})
    assert found.bias == pytest.approx({"naive": -20, "model": -20, "overridden": 8})
    assert found.points == pytest.approx(36)
    assert (found.closer, found.farther) == (2, 0)
    assert found.verdict is Verdict.FEW


def test_each_key_is_judged_by_itself_and_undefined_ones_are_counted() -> None:
    cells = judged([10] * 10 + [0] * 2, [12] * 10 + [1] * 2, [15] * 10 + [0] * 2)

    found = rules.judge_by(cells, ["ada"] * 10 + ["bo"] * 2)

    assert found["ada"].verdict is Verdict.WORSE
    assert found["ada"].points == pytest.approx(-30)
    assert found["bo"].verdict is Verdict.UNDEFINED
    assert rules.undefined(found) == 1


def test_nobody_overrode_anything() -> None:
    found = rules.judge(judged([], [], []))

    assert (found.numbers, found.verdict) == (0, Verdict.UNDEFINED)


# -- after a new version -----------------------------------------------------------------------


def sales_of(days: dict[int, tuple[float, ...]]) -> np.ndarray[Any, Any]:
    """Steady sales, then what was sold on each day after the forecast."""
    return np.vstack([steady_sales(), np.array([days[one] for one in sorted(days)])])


def overridden(horizon: Horizon) -> None:
    """Ada raises a series on five days, bo lowers another on five: both for their reasons."""
    for name, units, who, reason in (
        ("S0:P0", 15.0, "ada", "promotion"),
        ("S0:P1", 10.0, "bo", "supply"),
    ):
        series = Series.objects.get(unique_id=name).pk
        numbers = [Number(series, day, units) for day in horizon.labels[:6]]
        by = User.objects.filter(username=who).first() or make_user(who)
        overrides.save(horizon, numbers, Words(reason), by=by, at=timezone.now())


@pytest.fixture
def version(db: None) -> DatasetVersion:
    """The next version: on 5 days the first series sold 15, the second 20, as the model said."""
    horizon = make_horizon()
    overridden(horizon)
    return make_version(
        sales_of(dict.fromkeys(range(5), (15.0, 20.0, 30.0))), by=horizon.issue.created_by
    )


def test_who_was_right_is_told_when_sales_have_come_in(version: DatasetVersion) -> None:
    found = value_added.of(version)
    authors, reasons = found.by("author"), found.by("reason")

    assert found.pending == 2
    assert found.all().numbers == 10
    assert authors["ada"].wape == pytest.approx(
        {"naive": 100 / 3, "model": 100 / 3, "overridden": 0}
    )
    assert authors["ada"].points == pytest.approx(100 / 3)
    assert authors["bo"].points == pytest.approx(-50)
    assert reasons["supply"].bias["overridden"] == pytest.approx(-50)
    assert found.by("series").keys() == {"S0:P0", "S0:P1"}
    assert value_added.verdict(found.all()) == (
        "Overrides made the error 14.3 points worse on 5 periods"
    )


def test_a_day_that_does_not_count_is_left_out_and_said(db: None) -> None:
    """Of a closed day and of a day without stock nobody knows what would have been sold."""
    horizon = make_horizon()
    overridden(horizon)
    sales = sales_of(dict.fromkeys(range(5), (15.0, 20.0, 30.0)))
    stockout = np.zeros(sales.shape)
    stockout[DAYS, 0] = 1.0
    version = make_version(sales, by=horizon.issue.created_by, stockout_share=stockout)

    found = value_added.of(version)

    assert found.by("author")["ada"].unjudged == 1
    assert found.all().numbers == 9


def test_a_version_that_begins_on_another_day_judges_the_same_days(db: None) -> None:
    horizon = make_horizon()
    overridden(horizon)
    sales = sales_of(dict.fromkeys(range(5), (15.0, 20.0, 30.0)))
    version = make_version(sales[7:], by=horizon.issue.created_by)
    epoch = version.epoch + (horizons.datetime.fromisoformat("2026-01-12") - version.calendar.epoch)
    DatasetVersion.objects.filter(pk=version.pk).update(epoch=epoch)
    version.refresh_from_db()

    assert value_added.of(version).by("author")["ada"].points == pytest.approx(100 / 3)


@pytest.fixture
def alice(version: DatasetVersion, client: Client) -> Client:
    client.force_login(version.created_by)
    return client


def test_the_page_begins_with_the_verdict(version: DatasetVersion, alice: Client) -> None:
    url = reverse("planning:value-added")

    first = alice.get(url, {"dataset": "shop"}).content.decode()
    reasons = alice.get(url, {"by": "reason"}).content.decode()

    assert "<h1>Overrides made the error 14.3 points worse on 5 periods</h1>" in first
    assert "Overrides by bo: 5 numbers so far, too few to tell" in first
    assert "2 not due yet" in first
    assert first.index("<span>bo</span>") < first.index("<span>ada</span>")  # the worst first
    assert "Supply or stock" in reasons
    told = alice.get(reverse("api:value-added"), {"dataset": "shop", "by": "reason"}).json()
    assert told["all"]["value_added"] == pytest.approx(-100 / 7)
    assert [one["name"] for one in told["items"]] == ["promotion", "supply"]


def test_before_anything_has_come_true_the_page_says_so(db: None, client: Client) -> None:
    issue = make_forecast()
    client.force_login(issue.created_by)
    nothing = client.get(reverse("planning:value-added")).content.decode()
    overridden(horizons.of_issue(issue))

    waiting = client.get(reverse("planning:value-added")).content.decode()

    assert "No overrides to judge yet" in nothing
    assert "Nothing has come true yet" in waiting


def test_naive_is_the_last_sale_at_the_origin_of_the_forecast(db: None) -> None:
    """Sales after the origin are not known to it: 15 on the first day is no naive forecast."""
    horizon = make_horizon(model=MODEL)
    overridden(horizon)
    version = make_version(
        sales_of({day: (15.0 + day, 20.0, 30.0) for day in range(5)}), by=horizon.issue.created_by
    )

    assert value_added.of(version).judged.forecasts["naive"].tolist() == [10.0] * 5 + [20.0] * 5
