from __future__ import annotations

import numpy as np
import pytest

from forecastlab.forecasting.domain import champion, intervals, serving
from forecastlab.forecasting.domain.defaults import POLICIES
from forecastlab.forecasting.domain.models import ensemble
from tests.factories import make_sales
from tests.forecasting.panels import judge, make_panel

SOME = ["naive", "moving_average", "ses_weekday", "theta", "ensemble"]


def test_members_are_up_to_three_within_ten_percent_of_the_best() -> None:
    errors = {"a": 30.0, "b": 33.0, "c": 33.1, "d": 31.0, "e": 32.0}

    assert ensemble.members(errors) == ["a", "d", "e"]
    assert ensemble.members({"a": 30.0, "c": 33.1}) == ["a"]
    assert ensemble.members({"a": 31.0, "same": 31.0, "b": 30.0}) == ["b", "a"]
    assert ensemble.members({"a": float("nan")}) == []


def test_of_equals_the_ensemble_is_best_then_the_cheaper() -> None:
    assert champion.best({"cheap": 3.0, "dear": 3.0}) == "cheap"
    assert champion.best({"cheap": 3.0, "dear": 3.0, "ensemble": 3.0}) == "ensemble"


def test_the_mean_of_the_members_is_what_is_judged() -> None:
    verdict, _, _ = judge(make_panel(), models=SOME)

    names = verdict.standing.members
    mean = sum(verdict.forecasts[one] for one in names) / len(names)
    assert verdict.forecasts["ensemble"] == pytest.approx(mean)


def test_a_series_leaves_the_default_only_for_a_clearly_better_score() -> None:
    sales = make_sales(90, 30)
    sales[:, 0] = np.where(np.arange(90) % 2 == 0, 0, 60)  # only naive2 and seasons follow this
    sales[:, 1] = np.arange(90) * 3  # only naive keeps up with this

    models = ["naive", "naive2", "moving_average", "ses_weekday", "ensemble"]
    verdict, _, _ = judge(make_panel(sales), models=models)

    choice = verdict.standing.choice
    chosen = [choice.models[one] for one in choice.which]
    assert verdict.standing.default == "ensemble"
    assert chosen[1] in {"naive", "naive2"}
    assert chosen[2:].count("ensemble") > 20
    assert (choice.score[choice.which != choice.models.index("ensemble")] <= 0.9).all()


def test_ways_to_choose_are_scored_on_a_fold_they_have_not_seen() -> None:
    sales = make_sales(90, 20)
    verdict, _evidence, _asked = judge(make_panel(sales), models=SOME)
    other = sales.copy()
    other[76:] *= 3

    changed, _, _ = judge(make_panel(other), models=SOME)

    assert set(verdict.policies) == set(POLICIES)
    assert changed.policies["global_best"]["wape"] > verdict.policies["global_best"]["wape"]


def test_one_fold_says_nothing_about_choosing() -> None:
    verdict, _, _ = judge(make_panel(), folds=1, models=SOME)

    assert verdict.policies == {}
    assert verdict.ranges == {}


def test_without_the_ensemble_the_best_model_serves() -> None:
    verdict, _, _asked = judge(make_panel(), models=["naive", "ses_weekday"])

    assert verdict.standing.default == verdict.standing.best
    assert "ensemble" not in verdict.forecasts


def test_ranges_hold_about_what_they_promise_on_an_unseen_fold() -> None:
    verdict, _, _ = judge(make_panel(make_sales(120, 300)), models=["ses_weekday"])

    found = verdict.ranges["ses_weekday"].overall.coverage
    assert found[80] == pytest.approx(83, abs=5)  # a tenth wider, as of few folds
    assert found[95] == pytest.approx(96, abs=3)


def test_ranges_widen_with_the_level_and_start_at_nothing() -> None:
    verdict, _, _ = judge(make_panel(make_sales(90, 50)), models=SOME)
    forecast = verdict.forecasts["naive"][-1]

    ranges = verdict.service.spread.around(forecast)

    assert (ranges[95][0] <= ranges[80][0]).all()
    assert (ranges[80][0] <= forecast).all()
    assert (forecast <= ranges[80][1]).all()
    assert (ranges[80][1] <= ranges[95][1]).all()
    assert (ranges[95][0] >= 0).all()


def test_no_error_at_all_gives_ranges_without_width() -> None:
    actual = np.full((2, 3, 4), 5.0)

    spread = intervals.calibrate(actual, actual.copy(), [80])

    low, high = spread.around(actual[0])[80]
    assert (low == 5).all()
    assert (high == 5).all()


def test_a_verdict_survives_storage_and_new_series() -> None:
    panel = make_panel(make_sales(90, 4))
    verdict, _evidence, _asked = judge(panel, models=SOME)
    kept = serving.Serving(
        series=panel.series,
        choice=verdict.standing.choice,
        default=verdict.standing.default,
        members=verdict.standing.members,
        wape=np.ones(4),
        spread=verdict.service.spread,
        total_spread=verdict.service.total_spread,
    )

    again = serving.unpack(kept.pack()).aligned(np.array([0, 2, 3, 99]))

    assert again.choice.models == kept.choice.models
    assert again.choice.which[:3].tolist() == kept.choice.which[[0, 2, 3]].tolist()
    assert again.choice.models[again.choice.which[3]] == "ensemble"
    assert np.isnan(again.wape[3])
