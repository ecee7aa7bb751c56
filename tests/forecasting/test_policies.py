"""Ways to choose what serves, and whether models can be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from forecastlab.forecasting.domain import comparisons, config, reports, slices
from forecastlab.forecasting.domain.defaults import POLICIES
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries import verdicts as words
from forecastlab.lib import figures
from forecastlab.lib.errors import BadInput
from tests.factories import make_sales
from tests.forecasting.panels import judge, make_panel

MODELS = ["naive", "moving_average", "ses", "ensemble"]


def two_categories(periods: int = 90, series: int = 24):
    """Noise around a level, which a mean forecasts best, and walks, which naive does."""
    draw = np.random.default_rng(11)
    sales = draw.poisson(40, (periods, series)).astype(float)
    half = series // 2
    sales[:, half:] = 400 + np.cumsum(draw.normal(0, 9, (periods, half)), axis=0)
    category = ["noise"] * half + ["walk"] * half
    return sales, {"category": category, "product": [str(one) for one in range(series)]}


@pytest.fixture(scope="module")
def verdicts():
    sales, groups = two_categories()
    panel = make_panel(sales, groups=groups)
    return {policy: judge(panel, models=MODELS, policy=policy)[0] for policy in POLICIES}


def chosen(verdict) -> list[str]:
    choice = verdict.standing.choice
    return [choice.models[one] for one in choice.which]


def test_every_way_to_choose_can_serve_and_is_reported(verdicts) -> None:
    for policy, verdict in verdicts.items():
        assert set(verdict.policies) == set(POLICIES)
        assert verdict.policies == verdicts["ensemble"].policies, policy

    errors = verdicts["ensemble"].standing.errors
    single = min((one for one in errors if one != "ensemble"), key=errors.__getitem__)
    assert set(chosen(verdicts["ensemble"])) == {"ensemble"}
    assert set(chosen(verdicts["global_best"])) == {single}
    assert verdicts["global_best"].standing.default == single


def test_a_category_is_served_by_its_best_single_model(verdicts) -> None:
    verdict = verdicts["group_best"]
    half = len(chosen(verdict)) // 2

    assert set(chosen(verdict)[half:]) == {"naive"}
    assert len(set(chosen(verdict)[:half])) == 1
    assert set(chosen(verdict)[:half]) <= {"moving_average", "ses"}


def test_a_series_is_served_by_its_own_lowest_error(verdicts) -> None:
    verdict = verdicts["series_best"]

    scores = verdict.standing.scores
    for place, name in enumerate(chosen(verdict)):
        errors = {one: scores[one].absolute[place] for one in scores if one != "ensemble"}
        assert errors[name] == min(errors.values())


def test_what_choosing_costs_is_that_of_the_chosen_forecasts(verdicts) -> None:
    sales, groups = two_categories()
    panel = make_panel(sales, groups=groups)
    earlier = make_panel(sales[:76], groups=groups)

    past, _, _ = judge(earlier, models=MODELS, policy="series_best", folds=2)

    verdict, evidence, _ = judge(panel, models=MODELS)
    served = np.stack(
        [verdict.forecasts[name][-1][:, place] for place, name in enumerate(chosen(past))], axis=1
    )
    actual = evidence.actual[-1]
    expected = 100 * np.abs(served - actual).sum() / actual.sum()
    assert verdict.policies["series_best"]["wape"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"policy": "coin"}, "There is no policy 'coin'."),
        ({"policy": "ensemble", "models": ["naive"]}, "needs the model 'ensemble'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: dict, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        config.resolve(options, frequency="D")

    assert refused.value.field == "policy"


def test_the_usual_policy_leaves_the_hash_as_it_was() -> None:
    usual, other = (config.resolve({"policy": one}, frequency="D") for one in (None, "group_best"))

    assert "policy" not in usual.as_json()
    assert config.restore(other.as_json()) == other
    assert usual.hash != other.hash


def promoted(periods: int = 90, series: int = 20):
    """Sales that treble where the price is halved, which only the driver model can know."""
    price = np.where(np.random.default_rng(3).random((periods, series)) < 0.2, 0.5, 1.0)
    return make_sales(periods, series) * np.where(price < 1, 3.0, 1.0), price


def test_a_second_choice_stands_for_horizons_without_a_plan() -> None:
    sales, price = promoted()

    verdict, evidence, _ = judge(
        make_panel(sales, signals={"price": (price, True)}),
        models=["naive", "moving_average", "driver", "ensemble"],
    )

    second = verdict.without_plan.standing
    assert verdict.standing.members[0] == "driver"
    assert set(second.scores) == {"naive", "moving_average", "ensemble"}
    assert second.members == ("moving_average",)
    forecast = verdict.forecasts["moving_average"]
    error = np.abs(forecast - evidence.actual).sum() / evidence.actual.sum()
    assert second.scores["ensemble"].pooled(evidence.judged)["wape"] == pytest.approx(100 * error)


def test_without_models_that_need_a_plan_there_is_one_choice() -> None:
    assert judge(make_panel(), models=["naive", "ses"])[0].without_plan is None
    assert judge(make_panel(), models=["driver"])[0].without_plan is None


# -- told apart -------------------------------------------------------------------------------


def test_a_clear_lead_is_told_apart_and_a_small_one_is_not() -> None:
    sales, _groups = two_categories()
    verdict, _, _ = judge(make_panel(sales[:, :12]), models=["naive", "moving_average", "ses"])

    found = verdict.comparisons
    assert set(found) == {"naive", "moving_average", "ses"} - {verdict.standing.best}
    assert found["naive"].told_apart
    assert found["naive"].low < found["naive"].difference < found["naive"].high
    (near,) = set(found) - {"naive"}
    assert not found[near].told_apart


def test_the_bootstrap_is_that_of_a_plain_loop_and_repeats() -> None:
    sales, _groups = two_categories()
    verdict, evidence, _ = judge(make_panel(sales), models=["naive", "ses"])
    best, scores = verdict.standing.best, verdict.standing.scores
    (other,) = set(scores) - {best}
    draw = np.random.default_rng(77)
    volume = scores[best].volume
    drawn = []
    for _ in range(2000):
        which = draw.integers(0, len(volume), len(volume))
        gap = scores[other].absolute[which].sum() - scores[best].absolute[which].sum()
        drawn.append(100 * gap / volume[which].sum())

    found = comparisons.with_best(best, scores, evidence.judged, "wape")[other]

    low, high = np.quantile(drawn, (0.025, 0.975))
    width = high - low
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * width)
    assert comparisons.with_best(best, scores, evidence.judged, "wape")[other] == found


@pytest.mark.parametrize("metric", ["mase", "rmse", "bias"])
def test_any_metric_can_tell_models_apart(metric: str) -> None:
    sales, _groups = two_categories()
    verdict, evidence, _ = judge(make_panel(sales), models=["naive", "ses"], metric=metric)

    best = verdict.standing.best
    ((name, one),) = verdict.comparisons.items()
    pooled = {k: abs(s.pooled(evidence.judged)[metric]) for k, s in verdict.standing.scores.items()}
    assert one.difference == pytest.approx(pooled[name] - pooled[best])
    assert one.low <= one.difference <= one.high


# -- parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "steps", "gap", "keys"),
    [
        ("D", 14, 0, "h_1_7 h_8_14"),
        ("D", 30, 0, "h_1_7 h_8_14 h_15_28 h_29_plus"),
        ("D", 10, 0, "h_1_7 h_8_14"),
        ("D", 7, 7, "h_8_14"),
        ("D", 7, 3, "h_1_7 h_8_14"),
        ("H", 48, 0, "h_1_6 h_7_24 h_25_48"),
        ("W", 13, 0, "h_1_4 h_5_8 h_9_13"),
        ("M", 18, 0, "h_1_3 h_4_6 h_7_12 h_13_plus"),
        ("Q", 1, 0, "h_1_2"),
        ("Y", 6, 0, "h_1_1 h_2_3 h_4_plus"),
    ],
)
def test_every_step_lies_in_one_bucket(frequency: str, steps: int, gap: int, keys: str) -> None:
    found = slices.buckets(frequency, steps, gap)

    assert list(found) == keys.split()
    covered = [step for part in found.values() for step in range(steps)[part]]
    assert covered == list(range(steps))


def test_sold_out_days_are_left_out_and_counted_beside() -> None:
    sales = make_sales(90, 6)
    out = np.zeros(sales.shape)
    out[80:84, :3] = 1

    verdict, evidence, asked = judge(make_panel(sales, stockout_share=out), models=["naive"])

    told = reports.models(evidence, verdict, {})["naive"]
    windows = asked.windows.windows(len(sales))
    all_days = np.stack([sales[one.start : one.end + 1] for one in windows])
    error = np.abs(verdict.forecasts["naive"] - all_days)
    assert told["all_days"]["wape"] == pytest.approx(100 * error.sum() / all_days.sum())
    assert told["all_days"]["points"] == asked.folds * asked.horizon * 6
    scored = ~np.isnan(evidence.actual)
    assert scored.sum() == told["all_days"]["points"] - 12
    assert told["wape"] == pytest.approx(100 * error[scored].sum() / evidence.actual[scored].sum())
    assert (
        reports.models(evidence, judge(make_panel(sales), models=["naive"])[0], {})["naive"][
            "all_days"
        ]
        is None
    )


# -- in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wape", "says"),
    [
        (
            {"ensemble_switch": 41.4, "ensemble": 41.42, "series_best": 132.9},
            "Mean of the best, with exceptions, chosen on the earlier folds, had a WAPE of 41.4 % "
            "on the last. The best model of each series would have cost 91.5 points.",
        ),
        (
            {"ensemble_switch": 32.4, "group_best": 30.4, "global_best": 33.4},
            "Mean of the best, with exceptions, chosen on the earlier folds, had a WAPE of 32.4 % "
            "on the last. The best model of each category would have gained 2.0 points. One best "
            "model would have cost 1.0 points.",
        ),
        (
            {"ensemble_switch": 32.4, "ensemble": 32.41},
            "Mean of the best, with exceptions, chosen on the earlier folds, had a WAPE of 32.4 % "
            "on the last. The other ways to choose would have come to the same.",
        ),
        ({"ensemble_switch": None, "ensemble": None}, ""),
        ({}, ""),
    ],
)
def test_what_choosing_costs_is_said_in_words(wape: dict[str, float | None], says: str) -> None:
    ways = {name: {"wape": one, "mase": 1.0, "bias": 0.0} for name, one in wape.items()}
    backtest = Backtest(default_policy="ensemble_switch", result={"champion_policies": ways})

    assert words.selection(backtest) == says.replace(" %", f"{figures.NARROW}%")
    assert [one.name for one in words.policies(backtest)][:1] == list(wape)[:1]
