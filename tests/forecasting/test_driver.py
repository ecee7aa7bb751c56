from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.protocol import Task
from tests.forecasting.panels import make_panel

DRIVER = zoo()["driver"]
PERIODS, SERIES = 140, 6
ELASTICITY = -2.0


def drawn(periods: int = PERIODS, series: int = SERIES, *, seed: int = 3):
    """Return sales that a price with a known elasticity moves, and the prices."""
    draw = np.random.default_rng(seed)
    price = np.where(draw.random((periods, series)) < 0.3, 0.7, 1.0) * draw.uniform(2, 9, series)
    level = draw.uniform(20, 60, series) * price.mean(axis=0) ** -ELASTICITY
    return level * price**ELASTICITY * draw.uniform(0.9, 1.1, (periods, series)), price


def forecast(panel, origins, *, steps=7, frequency="D", season=7):
    task = Task(tuple(origins), steps, season, frequency)
    return DRIVER.forecast(panel, task, DRIVER.learn(panel, task))


def test_the_effect_of_a_price_is_found_and_used_for_planned_prices() -> None:
    sales, price = drawn()
    offer = np.concatenate([price, np.repeat(price[-1:], 7, axis=0)])
    offer[PERIODS] = price.max(axis=0)
    offer[PERIODS + 1] = price.max(axis=0) / 2
    panel = make_panel(sales, signals={"price": (offer, True)})

    made = forecast(panel, [PERIODS - 1])

    assert made.state["coefficients"][0] == pytest.approx([ELASTICITY] * SERIES, abs=0.3)
    assert (made.values[0, 1] > 1.5 * made.values[0, 0]).all()
    assert (made.values[0] <= 1.5 * sales.max(axis=0)).all()


def test_a_signal_that_is_not_given_ahead_has_no_effect_there() -> None:
    sales, price = drawn()
    panel = make_panel(sales, signals={"price": (price, True)})

    made = forecast(panel, [PERIODS - 1], season=1)

    assert made.values[0, 0] == pytest.approx(made.values[0, -1])
    assert made.values[0, 0] == pytest.approx(made.state["level"], rel=0.1)


def test_a_signal_known_only_afterwards_is_not_used() -> None:
    sales, price = drawn()

    told = forecast(make_panel(sales, signals={"visits": (price, False)}), [100])
    untold = forecast(make_panel(sales), [100])

    assert np.array_equal(told.values, untold.values)


def test_a_series_learns_from_its_category_what_it_never_saw() -> None:
    sales, price = drawn(series=8)
    price[:, 0] = price[:, 0].max()
    sales[:, 0] = 30
    offer = np.concatenate([price, price[-7:] * 0.5])
    groups = {"product": list("abcdefgh"), "category": ["x"] * 4 + ["y"] * 4}
    panel = make_panel(sales, signals={"price": (offer, True)}, groups=groups)

    found = forecast(panel, [PERIODS - 1]).state["coefficients"][0]

    assert found[0] == pytest.approx(found[1:4].mean(), abs=0.3)


def test_without_signals_the_season_is_left() -> None:
    week = np.array([5.0, 5, 5, 5, 5, 5, 15])
    sales = np.tile(week, 20)[:, None] * np.array([1.0, 3.0])

    made = forecast(make_panel(sales), [139])

    same = zoo()["ses_weekday"]
    task = Task((139,), 7, 7, "D")
    panel = make_panel(sales)
    assert np.array_equal(made.values, same.forecast(panel, task, same.learn(panel, task)).values)
    assert made.values[0, 6, 0] > 2 * made.values[0, 0, 0]


def test_a_long_season_comes_from_all_series_together() -> None:
    sales, price = drawn(208, 20)
    year = 1 + 0.5 * np.sin(2 * np.pi * np.arange(208) / 52)
    panel = make_panel(sales * year[:, None], signals={"price": (price, True)})
    known, steps = 182, 26

    found = forecast(panel, [known - 1], steps=steps, frequency="W", season=52).values[0]

    truth = panel.actual[known:]
    assert np.abs(found - truth).sum() < 0.25 * truth.sum()


@pytest.mark.parametrize(
    ("frequency", "season", "length"),
    [("H", 24, 24 * 30), ("W", 52, 52 * 4), ("M", 12, 48), ("Q", 4, 24), ("Y", 1, 12)],
)
def test_the_season_of_every_frequency_pays(frequency: str, season: int, length: int) -> None:
    t = np.arange(length)
    wave = 1 + 0.5 * np.sin(2 * np.pi * t / max(season, 2)) * (season > 1)
    draw = np.random.default_rng(5)
    sales = draw.poisson(wave[:, None] * np.array([40.0, 80, 160])).astype(float)
    origin, steps = length - 1 - max(season // 2, 2), max(season // 2, 2)
    truth = sales[origin + 1 :]

    made = forecast(make_panel(sales), [origin], steps=steps, frequency=frequency, season=season)

    flat = np.abs(truth - sales[: origin + 1].mean(axis=0)).sum()
    error = np.abs(truth - made.values[0]).sum()
    assert error < (0.7 if season > 1 else 1.4) * flat


def test_an_origin_is_forecast_alike_alone_and_among_others_to_the_last_bit() -> None:
    sales, price = drawn()
    sales[10:13, 2] = np.nan
    panel = make_panel(sales, signals={"price": (price, True)})

    together = forecast(panel, [90, 110, 130]).values

    for place, origin in enumerate((90, 110, 130)):
        assert forecast(panel, [origin]).values[0].tobytes() == together[place].tobytes()


FORECASTS = """
import hashlib
import os
import subprocess
import sys

import numpy as np
from forecastlab.forecasting.domain.models import driver, theta
from forecastlab.forecasting.domain.panel import Facts, build, groups_of
from forecastlab.forecasting.domain.protocol import Task

random = np.random.default_rng(3)
t, series = (one.ravel() for one in np.mgrid[:150, :40])
price = random.uniform(1, 3, t.size)
sold = random.poisson(20 / price * (1 + (t % 7 == 5)))
columns = {"series_id": series, "t": t, "quantity": sold.astype(float), "price": price}
panel = build(Facts(columns, 140, 10, {"price": True}), np.arange(40), groups_of({}, 40))
task = Task((125, 139), 10, 7, "D")
for model in (driver.MODEL, theta.MODEL):
    made = model.forecast(panel, task, model.learn(panel, task)).values
    print(hashlib.sha256(made.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_processors_that_calculate_differently_forecast_the_same() -> None:
    kinds = [
        {"OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX"},
    ]
    found = {
        subprocess.run(
            [sys.executable, "-c", FORECASTS],
            env={**os.environ, **kind},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for kind in kinds
    }

    assert len(found) == 1
