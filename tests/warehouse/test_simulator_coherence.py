"""What acts on simulated sales acts before they are made, and nothing sells that does not live."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import sales
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.presets import GENERATORS
from forecastlab.warehouse.domain.simulator.world import World
from tests.warehouse.simulated import AS_OF, KEY, build, drawn, series_in


def launches(config: Config) -> dict[str, date]:
    return {
        one.code: date.fromisoformat(one.attributes(config)["launch_date"])
        for one in World(config).products
    }


def spans(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("product").agg(first=pl.col("day").min(), last=pl.col("day").max())


@pytest.mark.parametrize("profile", ["preset", "scenario"])
def test_new_launches_begin_in_the_window_and_ramp_up(profile: str) -> None:
    config = configs.build("new_launches", seed=7, as_of=AS_OF, profile=profile)
    rows, launched = drawn(config), launches(config)

    for product, first, last in spans(rows).rows():
        assert first == launched[product]
        assert config.first <= first <= config.first + timedelta(days=0.7 * config.window_days + 1)
        assert last == AS_OF
    assert len(set(launched.values())) > config.products / 3
    young = rows.join(spans(rows), on="product").with_columns(
        age=(pl.col("day") - pl.col("first")).dt.total_days()
    )
    by_age = dict(young.group_by("age").agg(pl.col("x_ramp").mean()).rows())
    assert by_age[0] == pytest.approx(1 / 45)
    assert by_age[22] == pytest.approx(23 / 45)
    assert by_age[44] == by_age[100] == 1.0
    sold = dict(young.group_by(pl.col("age") // 15).agg(pl.col("quantity").mean()).rows())
    assert sold[0] < sold[1] < sold[2]


def test_nothing_sells_before_its_launch_or_after_its_end() -> None:
    config = build("demo_minimal", enabled=["lifecycle"], products=200, window_days=365)
    world = World(config)
    told = {one.code: one.attributes(config) for one in world.products}
    rows = drawn(config)

    ended = 0
    for product, first, last in spans(rows).rows():
        assert first >= date.fromisoformat(told[product]["launch_date"])
        if told[product]["discontinue_date"]:
            ended += 1
            assert last == date.fromisoformat(told[product]["discontinue_date"])
            assert told[product]["lifecycle_stage"] == "discontinued"
    assert ended > 5
    assert {one["lifecycle_stage"] for one in told.values()} > {"growth", "maturity", "decline"}


def test_the_curve_of_life_takes_the_place_of_the_ramp() -> None:
    rows = drawn(build("new_launches", enabled=["lifecycle"], stores=1, products=5))

    assert "x_ramp" not in rows.columns
    assert rows["x_lifecycle"].min() == pytest.approx(0.2)


def test_empty_shelves_of_stockout_heavy_sell_nothing_and_keep_their_rows() -> None:
    config = build("stockout_heavy", stores=2, products=10)
    rows = drawn(config)
    empty = rows.filter(pl.col("stockout_share") > 0)

    assert rows.height == 2 * 10 * config.days
    assert 0.2 < empty.height / rows.height < 0.3
    assert empty["quantity"].sum() == 0
    assert empty["demand"].sum() > 0


def test_a_sparse_series_has_three_gaps_and_half_of_the_pairs_none() -> None:
    config = build("sparse")
    rows = drawn(config)
    found = series_in(rows.sort(KEY))

    assert 0.4 < len(found) / 500 < 0.6
    for one in found:
        steps = one["day"].diff().dt.total_days().drop_nulls()
        gaps = (steps.filter(steps > 1) - 1).to_list()
        assert len(gaps) == 3
        assert all(2 <= gap <= 10 for gap in gaps)
        assert one["day"].max() == AS_OF


def test_weather_is_seen_and_moves_demand() -> None:
    rows = drawn(build(enabled=["weather"], window_days=365))

    assert rows["x_weather"].to_list() == pytest.approx(
        (1 + 0.01 * (rows["temperature"] - 15)).to_list()
    )
    summer = rows.filter(pl.col("day").dt.month() == 7)["temperature"].mean()
    winter = rows.filter(pl.col("day").dt.month() == 1)["temperature"].mean()
    assert summer > 24
    assert winter < 6
    regions = {one.code: one.region for one in World(build(enabled=["weather"])).stores}
    by_region = rows.with_columns(region=pl.col("store").replace_strict(regions))
    assert (
        by_region.group_by("region", "day")
        .agg(pl.col("temperature").n_unique())["temperature"]
        .max()
        == 1
    )


def test_substitutes_gain_from_empty_shelves() -> None:
    rows = drawn(build(enabled=["substitution"], stockout_intensity=0.5, promotion_intensity=0))
    group = rows.with_columns(group=(pl.col("product").str.slice(4).cast(pl.Int32) - 10_000) // 3)

    others = pl.col("stockout_share").sum().over("store", "group", "day") - pl.col("stockout_share")
    told = group.filter(pl.col("group") < 3).with_columns(lacking=others / 2)
    expected = (1 + 0.3 * told["lacking"]).to_list()
    assert told["x_substitution"].to_list() == pytest.approx(expected)
    assert max(expected) > 1.1


def test_a_price_cut_takes_sales_from_the_others_of_its_group_alone() -> None:
    config = build("retail_standard", enabled=["cannibalisation"], stores=1, products=7)
    rows = drawn(config)
    world = World(config)
    groups = {one.code: one.attributes(config)["substitute_group"] for one in world.products}
    usual = {one.code: one.usual_price for one in world.products}

    away = rows.with_columns(
        group=pl.col("product").replace_strict(groups),
        away=pl.col("price") / pl.col("product").replace_strict(usual) - 1,
    )
    others = (pl.col("away").sum().over("group", "day") - pl.col("away")) / 2
    told = away.with_columns(expected=1 + 0.3 * others)
    shared = told.filter(pl.col("group") != groups["SKU-10006"])
    assert shared["x_cannibalisation"].to_list() == pytest.approx(shared["expected"].to_list())
    assert shared["x_cannibalisation"].min() < 0.99
    # The seventh product is alone in its group; and without the effect nobody has a group.
    assert set(told.filter(pl.col("product") == "SKU-10006")["x_cannibalisation"]) == {1.0}
    assert "substitute_group" not in world.products[0].attributes(build())
    plain = drawn(build("retail_standard", stores=1, products=7))
    assert plain["price"].equals(rows["price"])


def test_stock_limits_sales_and_deliveries_fill_it() -> None:
    rows = drawn(build(enabled=["replenishment"], stockout_intensity=0, window_days=200))

    assert (rows["quantity"] <= rows["stock"]).all()
    for one in series_in(rows.sort(KEY)):
        arrived = one["stock"][1:] - (one["stock"] - one["quantity"])[:-1]
        assert (arrived >= 0).all()
        assert 8 < (arrived > 0).sum() < 20
    short = rows.filter(pl.col("lost") > 0)
    assert 0 < short.height < 0.3 * rows.height
    assert (short["quantity"] == short["stock"]).all()
    assert (short["stockout_share"] > 0).all()


def test_returned_units_were_sold_before_and_stand_on_the_shelf_again() -> None:
    rows = drawn(build(enabled=["returns"], window_days=300))
    stocked = drawn(build(enabled=["returns", "replenishment"], window_days=300))

    for one in series_in(rows.sort(KEY)):
        came = one.filter(pl.col("returned") > 0)
        back = came.group_by(day=pl.col("day") + pl.duration(days=pl.col("return_lag"))).agg(
            pl.col("returned").sum()
        )
        expected = one.join(back, on="day", how="left")["returned_right"].fill_null(0)
        assert expected.to_list() == one["returns"].to_list()
    assert rows["return_lag"].drop_nulls().is_between(1, 14).all()
    assert rows["return_reason"].drop_nulls().n_unique() == 5
    assert 0.02 < rows.filter(pl.col("returned") > 0).height / rows.height < 0.04
    for one in series_in(stocked.sort(KEY)):
        arrived = one["stock"][1:] - (one["stock"] - one["quantity"])[:-1]
        assert (arrived >= one["returns"][1:]).all()


def test_channels_split_the_sales_and_wholesale_rests_at_the_weekend() -> None:
    rows = drawn(build(enabled=["channels"]))
    elsewhere = rows["online"] + rows["click_collect"] + rows["wholesale"]

    assert (elsewhere <= rows["quantity"]).all()
    assert rows.filter(pl.col("day").dt.weekday() > 5)["wholesale"].sum() == 0
    assert 0.05 < rows["online"].sum() / rows["quantity"].sum() < 0.2


def test_bundles_and_markdowns_are_known_and_lift() -> None:
    rows = drawn(build(enabled=["bundles", "markdowns"], promotion_intensity=0.5, window_days=365))

    assert rows.filter(pl.col("bogo") == 1)["discount"].min() == 0.5
    assert rows.filter(pl.col("bogo") == 1)["x_promotion"].min() == 1.4
    assert rows.filter(pl.col("bundle") == 1)["x_promotion"].min() == 1.15
    marked = rows.filter(pl.col("markdown") == 1)
    assert (marked["x_markdown"] == 1.2).all()
    assert (marked["discount"] >= 0.3).all()
    known = dict(sales.signals(build(enabled=GENERATORS)))
    assert {name for name, ahead in known.items() if ahead} == {
        *("event", "bogo", "bundle", "markdown"),
    }
