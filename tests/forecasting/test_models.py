from __future__ import annotations

import numpy as np
import pytest

from forecastlab.forecasting.domain import config, decomposition, shards, smoothing
from forecastlab.forecasting.domain.models import default_zoo, zoo
from forecastlab.forecasting.domain.protocol import Task
from tests.factories import make_sales
from tests.forecasting.panels import make_panel, run

NAN = float("nan")
MODELS = sorted(default_zoo())


def forecast(name: str, sales: list[float], *, steps: int = 3, season: int = 7, frequency="D"):
    """Forecast one series from its end."""
    panel = make_panel(np.array(sales, dtype=float)[:, None])
    task = Task((len(sales) - 1,), steps, season, frequency)
    model = zoo()[name]
    return model.forecast(panel, task, model.learn(panel, task)).values[0, :, 0].tolist()


def test_naive_repeats_the_last_observed_value() -> None:
    assert forecast("naive", [1, 5, 4, NAN]) == [4, 4, 4]


def test_seasonal_naive_looks_one_season_back_and_further_over_holes() -> None:
    sales = [1, 2, 3, 4, 5, NAN]

    assert forecast("seasonal_naive", sales, season=3) == [4, 5, 3]


def test_moving_average_leaves_holes_out() -> None:
    sales = [100, *[2, NAN, 4] * 5]

    assert forecast("moving_average", sales)[0] == pytest.approx(3, abs=0.2)


def test_naive2_is_naive_without_a_season() -> None:
    assert forecast("naive2", [3, 4, 3, 4, 9], season=7) == [9, 9, 9]


def test_naive2_brings_a_clear_season_back() -> None:
    week = [10, 20, 30, 40, 30, 20, 10]

    found = forecast("naive2", week * 8, steps=7)

    assert found == pytest.approx(week)


def test_smoothing_follows_the_season_that_series_share() -> None:
    panel = make_panel(make_sales(84, 40))
    task = Task((83,), 7, 7, "D")
    model = zoo()["ses_weekday"]

    found = model.forecast(panel, task, model.learn(panel, task)).values[0].sum(axis=1)

    assert found.argmax() == 5  # the strong day of make_sales
    assert found.argmin() == 6


def test_theta_follows_half_the_slope_of_a_line() -> None:
    found = forecast("theta", [10.0 + 2 * t for t in range(40)], season=1)

    assert np.diff(found) == pytest.approx([1, 1])
    assert found[0] > 85


def test_tsb_lets_the_chance_of_a_sale_decay_while_nothing_is_sold() -> None:
    every_third = [6.0, 0, 0] * 20

    recent, long_ago = (forecast("tsb", [*every_third, *[0] * still])[0] for still in (2, 30))

    assert recent == pytest.approx(2, abs=0.7)
    assert long_ago < recent / 2


def test_seasonal_mean_brings_a_place_of_the_season_back_at_the_level_of_today() -> None:
    week = [10.0, 10, 10, 10, 10, 10, 30]

    found = forecast("seasonal_mean", [*week * 8, *[2 * one for one in week * 2]], steps=7)

    assert found[6] > 2 * found[0]
    assert sum(found) == pytest.approx(2 * sum(week), rel=0.05)


def test_exponential_smoothing_settles_between_old_and_new() -> None:
    found = forecast("ses", [*[10.0] * 30, *[20.0] * 3])

    assert 10 < found[0] <= 20
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", MODELS)
def test_a_series_without_sales_is_forecast_as_nothing(name: str) -> None:
    assert forecast(name, [0] * 40) == [0, 0, 0]


@pytest.mark.parametrize("name", MODELS)
def test_one_observation_is_enough_to_forecast(name: str) -> None:
    assert forecast(name, [NAN] * 20 + [6]) == pytest.approx([6, 6, 6])


@pytest.mark.parametrize("frequency", ["H", "D", "W", "M", "Q", "Y"])
def test_every_frequency_has_defaults_that_work(frequency: str) -> None:
    panel = make_panel(make_sales(200, 3))
    asked = config.resolve({}, frequency=frequency)

    done = run(panel, asked)

    for name, one in done.items():
        assert np.isfinite(one.judged).all(), name
        assert (one.final >= 0).all(), name


@pytest.mark.parametrize("name", MODELS)
def test_a_planted_future_changes_no_forecast(name: str) -> None:
    sales = make_sales(90, 5)
    asked = config.resolve({"models": [name]}, frequency="D")
    planted = sales.copy()
    planted[62:] = 1e6  # after the origin of the second fold

    honest = run(make_panel(sales), asked)[name].judged
    tempted = run(make_panel(planted), asked)[name].judged

    assert np.array_equal(honest[:2], tempted[:2])
    assert not np.array_equal(honest[2], tempted[2])


@pytest.mark.slow
def test_forecasts_are_byte_equal_for_one_shard_and_for_many() -> None:
    panel = make_panel(make_sales(60, 1_100))
    asked = config.resolve({"horizon": 7, "folds": 1}, frequency="D")

    whole = run(panel, asked)
    cut = run(panel, asked, [(0, 500), (500, 1_000), (1_000, 1_100)])

    for name, one in whole.items():
        assert one.judged.tobytes() == cut[name].judged.tobytes(), name
        assert one.final.tobytes() == cut[name].final.tobytes(), name


def test_shards_are_whole_blocks() -> None:
    cut = [(0, 2500), (2500, 5000), (5000, 7500), (7500, 9974)]
    assert shards.parts(9_974, 2_500) == cut
    assert shards.parts(3, 2_500) == [(0, 3)]


def test_shards_take_some_seconds_and_fit_into_memory() -> None:
    assert shards.size_of(180, 0.003) == 1_000
    assert shards.size_of(365, 0.003) == 684
    assert shards.size_of(365, 0.0) == shards.MOST_CELLS // 365
    assert shards.size_of(100_000, 1.0) == 500


def test_what_is_judged_after_a_gap_is_what_a_longer_horizon_says() -> None:
    panel = make_panel(make_sales(90, 3))
    gapped = config.resolve({"horizon": 7, "gap": 2, "folds": 1}, frequency="D")
    plain = config.resolve({"horizon": 9, "folds": 1}, frequency="D")

    behind, ahead = run(panel, gapped), run(panel, plain)

    for name in gapped.single:
        assert np.array_equal(behind[name].judged[0], ahead[name].judged[0, 2:]), name


def test_closed_days_are_forecast_as_nothing_and_not_learnt_from() -> None:
    sales = make_sales(90, 2)
    sales[13::7] = 0
    opened = np.ones_like(sales)
    opened[13::7] = 0
    asked = config.resolve({"models": ["naive", "moving_average"]}, frequency="D")

    done = run(make_panel(sales, open=opened), asked)

    closed = opened[48:90].reshape(3, 14, 2) == 0
    assert (done["naive"].judged[closed] == 0).all()
    assert (done["naive"].judged[~closed] > 0).all()


def test_sold_out_days_are_neither_learnt_from_nor_scored() -> None:
    sales = make_sales(30, 1)
    out = np.zeros_like(sales)
    out[20] = 9 / 16
    out[21] = 8 / 16

    panel = make_panel(sales, stockout_share=out)

    assert np.isnan(panel.fit[20, 0])
    assert np.isnan(panel.actual[20, 0])
    assert panel.fit[21, 0] == sales[21, 0]


def test_returns_are_unknown_and_the_time_before_the_first_sale_is_not_learnt_from() -> None:
    panel = make_panel(np.array([[0.0], [NAN], [3.0], [-2.0], [1.0]]))

    assert np.isnan(panel.fit[:2, 0]).all()
    assert np.isnan(panel.actual[3, 0])
    assert panel.actual[0, 0] == 0


def test_a_level_is_the_same_at_several_origins_as_at_each_alone_to_the_last_bit() -> None:
    random = np.random.default_rng(4)
    whole = random.gamma(2.0, 5.0, (200, 30))
    holes = np.where(random.random(whole.shape) < 0.2, np.nan, whole)
    holes[:150, ::7], holes[:, 3], holes[120:, 5] = np.nan, np.nan, 0.0
    asked = [(whole[:180], (179,)), (holes, (60, 199, 90)), (holes[:40], (39,))]

    together = [smoothing.smooth(*one) for one in asked]

    for (values, origins), found in zip(asked, together, strict=True):
        alone = [smoothing.smooth(values[: one + 1], (one,)) for one in origins]
        for name in ("level", "rate"):
            parts = [getattr(one, name)[0] for one in alone]
            assert getattr(found, name).tobytes() == np.stack(parts).tobytes()
    # A rate adds up to plain arithmetic: of one series, at the rate that was chosen for it.
    level, rate = together[0].level[0, 0], together[0].rate[0, 0]
    by_hand = 0.0
    for place, one in enumerate(whole[:180, 0], start=1):
        by_hand += max(rate, 1 / place) * (one - by_hand)
    assert level == pytest.approx(by_hand, rel=1e-4)


def test_the_season_test_is_that_of_the_m4_competition() -> None:
    noise = np.random.default_rng(3).normal(50, 1, (84, 1))
    wave = noise + 20 * np.sin(2 * np.pi * np.arange(84) / 7)[:, None]

    assert not decomposition.is_seasonal(noise, 7)[0]
    assert decomposition.is_seasonal(wave, 7)[0]


def test_a_model_that_has_left_the_zoo_is_called_by_its_name() -> None:
    assert [config.title_of(name) for name in ("naive2", "ensemble", "croston")] == [
        "Naive 2",
        "Mean of the best",
        "croston",
    ]
