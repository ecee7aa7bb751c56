"""What prices do: against real sales, shuffled prices, held-back cuts and a known truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecastlab.forecasting.domain.panel import Panel
from forecastlab.planning.domain import pooling, price_checks, response, substitutes
from forecastlab.planning.domain.pooling import Pooled
from forecastlab.planning.domain.response import Calendar
from tests.forecasting.panels import make_panel
from tests.planning.worlds import orange_juice, simulated


@pytest.fixture
def juice(shared_data: Path) -> Panel:
    return orange_juice(shared_data)


def pooled(panel: Panel, calendar: Calendar, name: str = "price") -> Pooled:
    found = pooling.pool(
        response.effects(panel, [name], calendar),
        name,
        panel.groups.category,
        panel.groups.categories,
    )
    assert found is not None
    return found


WEEKS = Calendar(52, "W", 121)


def test_two_brands_have_different_elasticities(juice: Panel) -> None:
    brands = juice.groups.category[:11]  # those of the first store, which sells all, in order

    found = pooled(juice, WEEKS).category

    gold, gallon = found[brands[8]], found[brands[10]]  # Florida Gold, Dominick's 128 oz
    assert all(one.interval[1] < 0 for one in found)
    assert gold.interval[1] < gallon.interval[0]
    assert gallon.error > 0
    assert gallon.value == pytest.approx(-1.32, abs=0.05)
    assert gold.value == pytest.approx(-4.55, abs=0.1)


def test_shuffled_prices_do_nothing(juice: Panel) -> None:
    found = price_checks.shuffled(juice, WEEKS, 10)

    # Of a hundred intervals about five do not cover what is true.
    assert found.of == 110
    assert found.categories >= 98
    assert found.every >= 8


def test_held_back_cuts_sold_what_was_expected(juice: Panel) -> None:
    found = price_checks.held_back(juice, WEEKS, 24, (0.08, 0.12))

    assert found is not None
    assert found.periods > 400
    assert found.cut == pytest.approx(0.1, abs=0.01)
    assert found.low < found.sold < found.high
    assert found.expected / found.usual == pytest.approx(found.sold / found.usual, abs=0.05)
    # Without any effect of prices it would be far off.
    assert found.sold > 1.2 * found.usual


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_of_simulated_sales_lies_in_the_interval(seed: int) -> None:
    world = simulated("retail_standard", seed=seed, stores=4, products=20, window_days=365)
    slope = world.config.elasticity
    factor = world.price_factor[~np.isnan(world.price_factor)]
    # Demand moves by `slope` of the usual price; in percent of what is sold at a price:
    true = float((slope * (1 + (factor - 1) / slope) / factor).mean())

    found = pooled(world.panel, Calendar(7, "D", world.panel.periods)).every

    low, high = found.interval
    assert low < true < high
    assert high - low < 0.25


def test_what_lies_after_the_origin_is_not_read() -> None:
    world = simulated("retail_standard", seed=1, stores=2, products=6, window_days=200)
    calendar = Calendar(7, "D", 150)
    changed = world.panel.fit.copy()
    changed[150:] = 1000.0
    values = world.panel.signals.values.copy()
    values[:, 150:] *= 3
    other = replace(world.panel, fit=changed, signals=replace(world.panel.signals, values=values))

    one, two = (response.effects(each, ["price"], calendar) for each in (world.panel, other))

    assert np.array_equal(one.value, two.value, equal_nan=True)
    assert np.array_equal(one.variance, two.variance)


def test_a_series_whose_price_never_moves_leans_on_its_category() -> None:
    draw = np.random.default_rng(4)
    price = np.where(draw.random((120, 6)) < 0.3, 8.0, 10.0)
    price[:, 5] = 10.0
    sales = draw.poisson(40 * (price / 10) ** -2.0).astype(float)
    groups = {"product": list("abcdef"), "category": ["x"] * 6}

    found = pooled(
        make_panel(sales, signals={"price": (price, True)}, groups=groups), Calendar(1, "W", 120)
    )

    assert found.told.tolist() == [True] * 5 + [False]
    assert found.value[5] == pytest.approx(found.category[0].value)
    assert found.error[5] >= found.category[0].error
    assert found.every.interval[0] < -2.0 < found.every.interval[1]


def test_series_without_prices_or_sales_say_nothing_and_stop_nobody() -> None:
    draw = np.random.default_rng(4)
    price = np.where(draw.random((120, 6)) < 0.3, 8.0, 10.0)
    sales = draw.poisson(40 * (price / 10) ** -2.0).astype(float)
    promo = (draw.random((120, 6)) < 0.2).astype(float)
    price[:, 0], sales[:, 1] = np.nan, 0.0
    groups = {"product": list("abcdef"), "category": ["x"] * 6}
    signals = {"price": (price, True), "promo": (promo, True)}

    found = pooled(make_panel(sales, signals=signals, groups=groups), Calendar(7, "D", 120))

    assert found.told[2:].all()
    assert not found.told[:2].any()
    assert np.isfinite(found.value).all()


def test_prices_that_never_move_say_nothing() -> None:
    panel = make_panel(np.full((60, 3), 5.0), signals={"price": (np.full((60, 3), 2.0), True)})
    effects = response.effects(panel, ["price"], Calendar(7, "D", 60))

    assert pooling.pool(effects, "price", panel.groups.category, panel.groups.categories) is None


def test_the_others_of_a_group_are_those_of_its_store() -> None:
    values = np.array([[1.0, 3.0, 5.0, 7.0, np.nan]])

    found = substitutes.others(values, np.array([0, 0, 0, substitutes.ALONE, 0]))

    assert found.tolist()[0][:3] == [4.0, 3.0, 2.0]
    assert np.isnan(found[0, 3])
    assert found[0, 4] == 3.0
