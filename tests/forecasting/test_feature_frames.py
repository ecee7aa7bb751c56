"""Feature frames: which columns there are, and that none sees what lies after the origin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecastlab.forecasting.domain import frames
from forecastlab.forecasting.domain.frames import products
from forecastlab.forecasting.domain.frames.columns import Safety
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.forecasting.domain.protocol import Task
from tests.forecasting.panels import make_panel

PERIODS, WIDTH, ORIGIN, STEPS = 120, 4, 90, 7
KNOWN = ("price", "promo", "holiday", "deal")
OBSERVED = ("stock", "stockout_share", "deliveries", "returns", "temperature", "macro_index")
TASK = Task((ORIGIN,), STEPS, 7, "D", frame=4, first=date(2026, 1, 1))
GROUPS = frames.VERSIONS[4]
TWO_BY_TWO = {"store": ["n", "n", "s", "s"], "product": ["tea", "rice", "tea", "rice"]}


def everything(*, after: int | None = None) -> Panel:
    """Return a panel with every kind of signal; altered is what is seen only after a period."""
    random = np.random.default_rng(3)
    sales = random.poisson(8, (PERIODS, WIDTH)).astype(float)
    signals = {name: random.uniform(0, 2, (PERIODS, WIDTH)) for name in (*KNOWN, *OBSERVED)}
    if after is not None:
        sales[after + 1 :] = 900 + random.poisson(8, (PERIODS - after - 1, WIDTH))
        for name in OBSERVED:
            signals[name][after + 1 :] = -50
    told = {name: (values, name in KNOWN) for name, values in signals.items()}
    return make_panel(sales, signals=told, groups=TWO_BY_TWO)


def source(panel: Panel, *, clean: bool = False) -> frames.Source:
    factor = np.linspace(0.5, 2, (ORIGIN + 1 + STEPS) * WIDTH).reshape(-1, WIDTH)
    layout, shared = frames.layout_of(panel, TASK, effects=True), products.learned(panel, 28)
    return frames.Source(panel, layout, factor, clean=clean, shared=shared)


def cells() -> frames.Cells:
    step, series = (one.reshape(-1) for one in np.mgrid[1 : STEPS + 1, :WIDTH])
    return frames.Cells(np.full(step.shape, ORIGIN), step, series)


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("group", GROUPS, ids=lambda one: one.name)
def test_no_group_sees_what_happens_after_the_origin(group, clean) -> None:
    honest = group.values(source(everything(), clean=clean), cells())
    planted = group.values(source(everything(after=ORIGIN), clean=clean), cells())

    assert honest
    for name, values in honest.items():
        np.testing.assert_array_equal(values, planted[name], err_msg=name)


@pytest.mark.parametrize("group", GROUPS, ids=lambda one: one.name)
def test_every_group_sees_what_happens_up_to_the_origin(group) -> None:
    before = group.values(source(everything()), cells())
    other = group.values(source(everything(after=ORIGIN - 20)), cells())
    told = group.columns(source(everything()).layout)
    watching = [name for name, safety in told.items() if safety is Safety.OBSERVED]
    ours = ("lag_", "mean_", "change_", "slope_", "product_pace")
    watching += [name for name in told if name.startswith(ours)]

    assert set(told) <= set(before)
    of_known = {"effect_mean", "price_ratio_mean", *(f"{one}_mean" for one in KNOWN)}
    for name in set(watching) - of_known:
        assert not np.array_equal(before[name], other[name], equal_nan=True), name


def test_a_plan_moves_only_the_columns_that_somebody_must_supply() -> None:
    usual, planned = everything(), everything()
    planned.signals.values[: len(KNOWN), ORIGIN + 1 :] += 1
    told = [one for group in frames.columns(source(usual).layout).values() for one in group.items()]

    before, after = (frames.build(source(one), cells()) for one in (usual, planned))
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    moved = [told[place] for place in np.flatnonzero(~same.all(axis=0))]

    supplied = {"price", "price_change", "price_ratio", "promo", "holiday"}
    assert {name for name, _safety in moved} >= supplied
    assert {safety for _name, safety in moved} == {Safety.UNSAFE_UNLESS_SUPPLIED}


def test_groups_without_data_are_left_out() -> None:
    layout = frames.layout_of(make_panel(), replace(TASK, frame=1), effects=False)

    assert set(frames.columns(layout)) == {
        "target_history",
        "calendar",
        "rolling",
        "trend",
        "lifecycle",
        "identity",
    }
    assert frames.described(layout)["frame_version"] == 1


@pytest.mark.parametrize(
    ("version", "before", "added"),
    [
        (2, 1, {"same_place", "slopes", "maturity", "dates"}),
        (3, 1, {"same_product"}),
        (4, 3, {"same_place", "slopes", "maturity", "dates"}),
    ],
)
def test_a_version_has_an_earlier_one_to_the_byte_and_more(version, before, added) -> None:
    panel = everything()
    given = source(panel)
    earlier, wide = (
        frames.Source(panel, replace(given.layout, version=one), given.factor, beside=given)
        for one in (before, version)
    )

    old, new = frames.build(earlier, cells()), frames.build(wide, cells())
    more = set(frames.columns(wide.layout)) - set(frames.columns(earlier.layout))

    assert new[:, : old.shape[1]].tobytes() == old.tobytes()
    assert more == added
    assert np.isfinite(new[:, old.shape[1] :]).any(axis=0).all()
    assert frames.described(wide.layout)["frame_version"] == version


def test_a_frame_tells_what_the_product_costs_and_how_it_sells_in_all_stores() -> None:
    sales = np.full((PERIODS, WIDTH), 10.0)
    sales[ORIGIN, [0, 2]] = 30.0, 20.0  # tea, in both stores
    sales[ORIGIN - 1, 2] = np.nan
    price = np.full((PERIODS, WIDTH), 2.0)
    price[ORIGIN + 1, [0, 2]] = 1.0, 3.0
    price[ORIGIN + 1, 1] = np.nan
    panel = make_panel(sales, signals={"price": (price, True)}, groups=TWO_BY_TWO)
    layout, shared = frames.layout_of(panel, TASK, effects=False), products.learned(panel, 28)
    here = frames.Source(panel.columns(0, 2), layout, shared=shared)
    at = frames.Cells(np.array([ORIGIN, ORIGIN]), np.array([1, 1]), np.array([0, 1]))

    told = next(one for one in GROUPS if one.name == "same_product").values(here, at)

    # Usual are the means of the last 28 periods, of which one store did not see the last but one.
    usual = (27 * 10 + 30) / 28 + (26 * 10 + 20) / 27
    np.testing.assert_allclose(told["product_pace"], [50 / usual, 1], rtol=1e-6)
    np.testing.assert_allclose(told["product_pace_mean"][1], 1)
    np.testing.assert_allclose(told["price_ratio"], [0.5, np.nan])
    np.testing.assert_allclose(told["price_ratio_change"], [0.5, np.nan])


def test_a_price_that_falls_everywhere_is_low_nowhere() -> None:
    price = np.random.default_rng(4).uniform(1, 2, (PERIODS, WIDTH))
    cut = price.copy()
    cut[ORIGIN + 1 : ORIGIN + 4, [0, 2]] *= 0.8  # tea, in both stores
    usual, planned = (
        make_panel(np.ones(price.shape), signals={"price": (one, True)}, groups=TWO_BY_TWO)
        for one in (price, cut)
    )
    more = (cut - price)[ORIGIN + 1 : ORIGIN + 1 + STEPS]
    by_product = np.stack([more[:, [1, 3]].sum(axis=1), more[:, [0, 2]].sum(axis=1)], axis=1)

    moved = products.repriced(products.learned(usual, 28), ORIGIN + 1, by_product)

    for name, one in products.learned(planned, 28).items():
        np.testing.assert_allclose(moved[name], one, rtol=1e-6, err_msg=name)
    assert products.repriced({}, ORIGIN + 1, by_product) == {}


@pytest.mark.parametrize(
    "groups", [{}, {"store": ["n"] * 4, "product": list("abcd")}, {"store": list("abcd")}]
)
def test_without_products_in_several_stores_nothing_is_told_of_them(groups) -> None:
    panel = make_panel(np.ones((PERIODS, WIDTH)), groups=groups)

    assert products.learned(panel, 28) == {}
    assert "same_product" not in frames.columns(frames.layout_of(panel, TASK, effects=False))


def test_what_tells_of_more_seasons_and_ages_is_what_it_says() -> None:
    rising = np.arange(800.0)[:, None] + 100 * (np.arange(800) % 7 == 3)[:, None]
    task = Task((798,), 1, 7, "D", frame=2, first=date(2026, 1, 1))
    layout = frames.layout_of(make_panel(rising), task, effects=False)
    found = frames.Source(make_panel(rising), layout)
    at = frames.Cells(np.array([798]), np.array([1]), np.array([0]))
    told = {name: one for group in GROUPS for name, one in group.values(found, at).items()}
    level = found.level(at)

    np.testing.assert_allclose(told["season_year_ago"], rising[799 - 364] / level)
    np.testing.assert_allclose(
        told["season_mean_8"], rising[799 - 7 * np.arange(1, 9)].mean() / level
    )
    line = np.polyfit(np.arange(28), rising[771:799, 0], 1)
    np.testing.assert_allclose(told["slope_28"], 28 * line[0] / level)
    assert (told["is_new"], told["is_mature"]) == (0, 1)
    # Period 799 is 10 March 2028: the tenth of 31 days, in the tenth week.
    np.testing.assert_allclose(told["month_day_sin"], np.sin(2 * np.pi * 9 / 31))
    np.testing.assert_allclose(told["week_cos"], np.cos(2 * np.pi * 9 / 52.18))


def test_sales_are_measured_by_the_level_of_the_series() -> None:
    sales = np.arange(1.0, PERIODS + 1)[:, None] * np.array([1.0, 10.0])
    panel = make_panel(sales)
    at = frames.Cells(np.array([60, 60]), np.array([2, 2]), np.array([0, 1]))
    plain = frames.Source(panel, frames.layout_of(panel, TASK, effects=False))

    values = frames.GROUPS[0].values(plain, at)
    level = np.mean(np.arange(34, 62))

    np.testing.assert_allclose(values["lag_0"], 61 / level)
    np.testing.assert_allclose(values["season_last"], 56 / level)
    np.testing.assert_allclose(values["log_level"], np.log([level, 10 * level]))
