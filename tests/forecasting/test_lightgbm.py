"""LightGBM: what it learns, what is kept of it, and that its bytes repeat."""

from __future__ import annotations

import ctypes
import json
from dataclasses import replace
from time import sleep

import numpy as np
import pytest
from django.utils import timezone

from forecastlab.forecasting.domain import frames, models, tree_library
from forecastlab.forecasting.domain.models import lightgbm
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import Task
from forecastlab.forecasting.services import backtests
from forecastlab.jobs.services import jobs
from tests.factories import make_sales, make_user, make_version, run_job
from tests.forecasting.panels import make_panel, whole_of

PERIODS, STEPS, PLANNED = 100, 7, 7
TASK = Task((PERIODS - 15, PERIODS - 8, PERIODS - 1), STEPS, 7, "D", frames.FRAME_VERSION)


def promoted(width: int = 40) -> Panel:
    """Return sales in two stores that a promotion triples, and when it was and will be."""
    random = np.random.default_rng(11)
    promo = (random.random((PERIODS + PLANNED, width)) < 0.2).astype(float)
    level = random.uniform(4, 40, width)
    sales = random.poisson(level * (1 + 2 * promo[:PERIODS])).astype(float)
    price = random.uniform(1, 2, promo.shape)
    half = [f"product {one}" for one in range(width // 2)]
    groups = {"store": ["n"] * len(half) + ["s"] * len(half), "product": half * 2}
    return make_panel(
        sales, signals={"promo": (promo, True), "price": (price, True)}, groups=groups
    )


def forecast(panel: Panel, cut: list[tuple[int, int]]):
    """Learn over the whole panel, and forecast it cut in parts."""
    learned = lightgbm.MODEL.learn(whole_of(panel), TASK)
    made = [lightgbm.MODEL.forecast(panel.columns(*one), TASK, learned).values for one in cut]
    return np.concatenate(made, axis=-1), learned


@pytest.mark.slow
def test_it_knows_what_a_planned_promotion_does() -> None:
    panel = promoted()
    values, learned = forecast(panel, [(0, 40)])
    promo = panel.signals.values[0]
    ahead = promo[PERIODS:] > 0
    usual = np.nanmean(np.where(promo[:PERIODS] > 0, np.nan, panel.fit), axis=0)

    lift = values[-1] / usual

    assert 2.4 < lift[ahead].mean() < 3.6
    assert 0.8 < lift[~ahead].mean() < 1.2
    sold, cleaned = learned["trial"].T
    assert np.array_equal(learned["clean"], cleaned < sold)
    # Under a year of history every origin has a fit of its own; it is kept as text.
    assert learned["which"].tolist() == [0, 1, 2]
    assert learned["text.0"].tobytes().startswith(b"tree\nversion=")


@pytest.mark.slow
def test_bytes_repeat_whatever_the_cut_and_the_threads() -> None:
    panel = promoted(12)
    values, learned = forecast(panel, [(0, 12)])
    threads = ctypes.CDLL("libgomp.so.1")
    before = threads.omp_get_max_threads()
    threads.omp_set_num_threads(4)
    again, relearned = forecast(panel, [(0, 5), (5, 12)])
    threads.omp_set_num_threads(before)

    assert values.tobytes() == again.tobytes()
    assert {name: one.tobytes() for name, one in learned.items()} == {
        name: one.tobytes() for name, one in relearned.items()
    }


@pytest.mark.slow
def test_forecasts_from_the_last_origin_are_those_that_were_judged_beside() -> None:
    panel = promoted(12)
    alone = replace(TASK, origins=TASK.origins[-1:])

    judged = forecast(panel, [(0, 12)])[0]
    learned = lightgbm.MODEL.learn(panel, alone)

    assert lightgbm.MODEL.forecast(panel, alone, learned).values.tobytes() == judged[-1:].tobytes()


def test_with_a_year_behind_it_is_fitted_at_the_first_origin_and_on_all_data() -> None:
    sales = np.random.default_rng(5).poisson(9, (80, 6)).astype(float)
    weeks = Task((63, 67, 71, 79), 4, 52, "W", frames.FRAME_VERSION)

    learned = lightgbm.MODEL.learn(make_panel(sales), weeks)

    assert learned["which"].tolist() == [0, 0, 0, 1]
    assert not learned["clean"].any()
    assert np.isnan(learned["trial"]).all()
    told = json.loads(learned["told"].tobytes())
    assert told["frame_version"] == frames.FRAME_VERSION
    assert told["groups"]["rolling"]["mean_4"] == "conditionally_safe"


@pytest.mark.parametrize("sales", [np.zeros((40, 2)), np.full((40, 2), np.nan), np.ones((3, 1))])
def test_too_little_to_learn_from_leaves_the_level(sales) -> None:
    task = Task((len(sales) - 1,), STEPS, 7, "D")
    panel = make_panel(sales)

    values = lightgbm.MODEL.forecast(panel, task, lightgbm.MODEL.learn(panel, task)).values

    np.testing.assert_allclose(values, np.full((1, STEPS, sales.shape[1]), sales.max() == 1))


def test_without_the_library_it_says_what_is_missing(monkeypatch) -> None:
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)

    assert "libgomp1" in models.unavailable()["lightgbm"]


@pytest.mark.django_db
def test_a_stop_during_a_fit_ends_it_within_a_second(monkeypatch) -> None:
    alice, version = make_user(), make_version(make_sales(90, 2))
    options = {"models": ["lightgbm"], "horizon": 7, "folds": 1}
    job = backtests.start(version, options, by=alice, at=timezone.now())
    library, grown = tree_library.library(), []
    grow = library.LGBM_BoosterUpdateOneIter

    def slow(*given):
        if not grown:
            jobs.cancel(job, by=alice, at=timezone.now())
        grown.append(given)
        sleep(0.02)
        return grow(*given)

    monkeypatch.setattr(library, "LGBM_BoosterUpdateOneIter", slow)

    assert run_job(job).status == "cancelled"
    assert 0 < len(grown) < 50
