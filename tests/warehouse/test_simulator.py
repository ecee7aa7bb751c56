"""What the simulator draws: one knob, one effect; the equation; the config."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import holidays, sales, size
from forecastlab.warehouse.domain.simulator.config import KNOBS, SimulationUnusable
from forecastlab.warehouse.domain.simulator.presets import GENERATORS, PRESETS, SCENARIOS
from forecastlab.warehouse.domain.simulator.world import World
from tests.warehouse.simulated import AS_OF, build, drawn, series_in, shared

# -- one knob, one effect ----------------------------------------------------------------------

SIZES: dict[str, Any] = {"stores": 5, "products": 17, "window_days": 200, "sparsity": 0.5}
# Knob -> the columns that it moves; all others stay, byte for byte.
EFFECTS: dict[str, set[str]] = {
    "noise_sigma": {"x_noise", "demand", "lost", "quantity"},
    "promotion_intensity": {"x_promotion", "discount", "promo", "demand", "lost", "quantity"},
    "stockout_intensity": {"stockout_share", "lost", "quantity"},
}


def test_every_knob_is_paired_below() -> None:
    assert SIZES.keys() | EFFECTS.keys() == KNOBS.keys()


@pytest.mark.parametrize("preset", ["demo_minimal", "new_launches", "sparse"])
@pytest.mark.parametrize("knob", SIZES)
def test_a_knob_of_size_changes_no_series_that_stays(preset: str, knob: str) -> None:
    small = {"stores": 3, "products": 10}
    plain, turned = (
        drawn(build(preset, **small)),
        drawn(build(preset, **{**small, knob: SIZES[knob]})),
    )
    assert plain.height != turned.height or knob == "sparsity"

    plain, turned = shared(plain, turned)

    assert len(series_in(plain)) > 5
    for mine, other in zip(series_in(plain), series_in(turned), strict=True):
        assert_frame_equal(mine, other)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("knob", EFFECTS)
def test_a_knob_changes_only_its_effect_series_by_series(preset: str, knob: str) -> None:
    small = {"stores": 2, "products": 8}
    plain, turned = drawn(build(preset, **small)), drawn(build(preset, **{**small, knob: 0.5}))

    kept = [name for name in plain.columns if name not in EFFECTS[knob]]
    for mine, other in zip(series_in(plain), series_in(turned), strict=True):
        assert_frame_equal(mine.select(kept), other.select(kept))
    for name in EFFECTS[knob]:
        assert not plain[name].equals(turned[name]), name


def test_another_window_moves_no_launch_and_no_gap() -> None:
    for preset in ("new_launches", "sparse"):
        year = drawn(build(preset, stores=2, products=10))
        half = drawn(build(preset, stores=2, products=10, window_days=180))

        since = AS_OF - timedelta(days=180)
        assert_frame_equal(year.filter(pl.col("day") >= since), half)


def test_more_promotions_and_stockouts_keep_those_that_were_there() -> None:
    plain = drawn(build())
    promoted, empty = drawn(build(promotion_intensity=0.5)), drawn(build(stockout_intensity=0.5))

    assert (promoted["discount"] >= plain["discount"]).all()
    assert promoted["promo"].sum() > plain["promo"].sum()
    assert (empty["stockout_share"] >= plain["stockout_share"]).all()


# -- the equation ------------------------------------------------------------------------------

WORLDS = [*((preset, ()) for preset in PRESETS), ("new_launches", tuple(GENERATORS))]
WORLDS += [("demo_minimal", (one,)) for one in GENERATORS]


@pytest.mark.parametrize(("preset", "enabled"), WORLDS)
def test_the_truth_less_what_was_lost_is_what_was_sold(
    preset: str, enabled: tuple[str, ...]
) -> None:
    rows = drawn(build(preset, enabled=enabled, stores=2, products=9, stockout_intensity=0.3))

    assert (rows["demand"] - rows["lost"]).rename("quantity").equals(rows["quantity"])
    assert rows.filter((pl.col("lost") > 0) & (pl.col("stockout_share") == 0)).is_empty()
    assert rows.select((pl.col("lost") >= 0).all(), (pl.col("quantity") >= 0).all()).row(0) == (
        True,
        True,
    )
    assert rows["lost"].sum() > 0


@pytest.mark.parametrize(("preset", "enabled"), WORLDS)
def test_demand_is_the_product_of_its_factors(preset: str, enabled: tuple[str, ...]) -> None:
    config = build(preset, enabled=enabled, stores=2, products=9)
    rows = drawn(config)
    factors = [name for name in rows.columns if name.startswith("x_")]

    product = np.ones(rows.height)
    for name in factors:
        product = product * rows[name].to_numpy()

    assert factors[:3] == ["x_base", "x_trend", "x_weekday"]
    assert factors[-2:] == ["x_noise", "x_anomaly"]
    assert np.array_equal(np.maximum(np.rint(product), 0), rows["demand"].to_numpy())


def test_sales_follow_the_day_of_the_week_and_the_promotion() -> None:
    rows = drawn(build(noise_sigma=0, window_days=364))

    by_day = rows.group_by(pl.col("day").dt.weekday().alias("d")).agg(pl.col("quantity").mean())
    means = dict(by_day.rows())
    assert 1.45 < means[6] / means[1] < 1.8
    assert rows["promo"].sum() > 0


def test_trends_end_at_one() -> None:
    line = drawn(build("retail_standard", stores=1, products=1))["x_trend"]
    curve = drawn(build("holiday_rush", stores=1, products=1))["x_trend"]
    flat = drawn(build("sparse", stores=1, products=1, sparsity=0))["x_trend"]

    assert (line[-1], line[0]) == (1.0, pytest.approx(1 - 365 * 0.0005))
    assert (curve[-1], curve[0]) == (1.0, pytest.approx(np.exp(-91 * 0.005)))
    assert flat.unique().to_list() == [1.0]


def test_the_rush_of_2024_lies_in_its_quarter() -> None:
    config = configs.build("holiday_rush", seed=7, as_of=date(2024, 12, 31))
    rows = drawn(config).unique("day").sort("day")

    lift = dict(rows.select("day", "x_holiday").rows())
    month = dict(rows.group_by(pl.col("day").dt.month()).agg(pl.col("x_month").mean()).rows())
    assert (config.first, config.days) == (date(2024, 10, 1), 92)
    assert {day: lift[day] for day in holidays.rush_of_year(2024)} == {
        date(2024, 11, 28): 2.0,
        date(2024, 11, 29): 3.0,
        date(2024, 12, 24): 1.5,
        date(2024, 12, 25): 0.3,
    }
    assert month == pytest.approx({10: 1.0, 11: 1.3, 12: 1.8})
    assert rows.filter(pl.col("holiday") == 1).height == 6  # with two federal ones
    assert size.of(config).notes == []


def test_a_window_without_the_whole_rush_says_so() -> None:
    [note] = size.of(build("holiday_rush")).notes
    [partly] = size.of(configs.build("holiday_rush", seed=7, as_of=date(2026, 11, 30))).notes

    assert "holds none" in note
    assert "holds Thanksgiving, Black Friday." in partly


def test_holidays_of_the_united_states() -> None:
    found = holidays.of_year(2024)

    assert {
        date(2024, 11, 28),
        date(2024, 9, 2),
        date(2024, 5, 27),
        date(2024, 1, 15),
    } < found.keys()
    assert len(found) == 11
    assert holidays.rush_of_year(2026)[:2] == (date(2026, 11, 26), date(2026, 11, 27))


# -- the config --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"colour": 1}, "'colour' is not a knob. Knobs are stores"),
        ({"stores": 0}, "'stores' takes a whole number from 1 to 100, not '0'"),
        ({"stores": "2.5"}, "'stores' takes a whole number"),
        ({"sparsity": "x"}, "'sparsity' takes a number from 0 to 0.9, not 'x'"),
        ({"window_days": 74}, "from 75 to 365"),
        ({"noise_sigma": "nan"}, "'noise_sigma' takes a number"),
    ],
)
def test_a_bad_knob_is_named(knobs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SimulationUnusable, match=sentence) as refused:
        build(**knobs)

    assert refused.value.field == next(iter(knobs))


def test_the_window_of_the_rush_is_locked() -> None:
    with pytest.raises(SimulationUnusable, match="'window_days' cannot be set for holiday_rush"):
        build("holiday_rush", window_days=100)


def test_an_unknown_generator_is_named() -> None:
    with pytest.raises(SimulationUnusable, match="'rain' cannot be switched on"):
        build(enabled=["weather", "rain"])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_config_survives_being_stored(preset: str) -> None:
    config = build(preset, enabled=["returns", "weather"], noise_sigma="0.25")

    assert configs.from_json(json.loads(json.dumps(config.as_json()))) == config
    assert config.turned() == ["noise_sigma"]


# preset, then stores, products and days of its own size and of the pipeline's
DOCUMENTED = {
    "demo_minimal": ((3, 10, 92), (3, 10, 92)),
    "showcase_rich": ((5, 15, 181), (5, 15, 181)),
    "retail_standard": ((10, 50, 366), (5, 15, 181)),
    "holiday_rush": ((10, 50, 92), (5, 15, 92)),
    "high_variance": ((10, 50, 366), (5, 15, 181)),
    "stockout_heavy": ((10, 50, 366), (5, 15, 181)),
    "new_launches": ((10, 100, 366), (5, 25, 181)),
    "sparse": ((10, 50, 366), (3, 10, 92)),
}


def test_presets_and_scenarios_have_their_documented_sizes() -> None:
    def sizes(profile: str) -> dict[str, tuple[int, int, int]]:
        built = (configs.build(one, seed=1, as_of=AS_OF, profile=profile) for one in PRESETS)
        return {one.preset: (one.stores, one.products, one.days) for one in built}

    assert sizes("preset") == {preset: own for preset, (own, _run) in DOCUMENTED.items()}
    assert sizes("scenario") == {preset: run for preset, (_own, run) in DOCUMENTED.items()}
    assert PRESETS.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_size_told_before_is_the_size_drawn(preset: str) -> None:
    config = build(preset, stores=3, products=20, sparsity=0.4)

    told, rows = size.of(config), drawn(config)

    assert told.series == len(series_in(rows))
    if told.exact:
        assert told.rows == rows.height
    assert told.rows == pytest.approx(rows.height, rel=0.03)


def test_a_simulation_that_would_sell_nothing_is_refused() -> None:
    config = build(stores=1, products=1, sparsity=0.9)

    with pytest.raises(SimulationUnusable, match="no store sells anything"):
        size.of(config)
    with pytest.raises(SimulationUnusable, match="no store sells anything"):
        list(sales.draw(World(config)))
