from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.db import connection

from forecastlab.warehouse.domain import checks, profiles
from forecastlab.warehouse.models import SeriesProfile
from tests.factories import make_sales, make_version


def facts(*series: list[float | None], stockout: float = 0.0) -> pl.DataFrame:
    """Return series of one row a period; NaN is a period without a row."""
    rows = [
        {"code": code, "t": t, "quantity": value, "stockout_share": stockout}
        for code, values in enumerate(series)
        for t, value in enumerate(values)
        if value is None or not np.isnan(value)
    ]
    kinds = {"code": pl.UInt32, "t": pl.Int32, "quantity": pl.Float64}
    return checks.as_facts(pl.DataFrame(rows, schema_overrides=kinds), 0)


def told(*series: list[float | None]) -> list[dict[str, Any]]:
    return profiles.of_block(facts(*series), len(series[0])).to_dicts()


def test_rows_gaps_zeros_and_the_unknown_are_counted() -> None:
    nan = float("nan")

    (one,) = told([nan, 2.0, nan, 0.0, None, -1.0, 4.0, nan])

    assert (one["rows"], one["first"], one["last"], one["gaps"]) == (5, 1, 6, 1)
    assert (one["zeros"], one["unknown"], one["negative"]) == (1, 1, 1)
    assert one["quantity"] == 5
    assert not one["constant"]


def test_what_is_constant_empty_or_unknown_is_said() -> None:
    same, none, unknown = told([3.0] * 5, [0.0] * 5, [None] * 5)

    assert [one["constant"] for one in (same, none, unknown)] == [True, True, True]
    assert same["variation"] == 0
    assert none["variation"] is None
    assert unknown["variation"] is None
    assert unknown["quantity"] == 0


def test_outliers_lie_three_quartile_distances_above() -> None:
    usual = [10.0, 11, 12, 13, 14, 15, 16, 17]

    some, few = told([*usual, 200.0, 25.0], [*[float("nan")] * 6, 1.0, 2.0, 1.0, 900.0])

    assert some["outliers"] == 1
    assert few["outliers"] == 0


def test_the_line_is_the_mean_of_equal_stretches() -> None:
    values = [float(one) for one in range(96)]

    (one,) = told(values)

    assert len(one["line"]) == profiles.POINTS
    assert one["line"][:2] == [0.5, 2.5]
    assert told([1.0, 2.0])[0]["line"] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        ([5.0, 6, 5, 6] * 5, "smooth"),
        ([1.0, 30, 1, 30] * 5, "erratic"),
        ([0.0, 0, 4, 0] * 5, "intermittent"),
        ([0.0, 0, 1, 0, 0, 50] * 5, "lumpy"),
        ([0.0] * 20, None),
    ],
)
def test_demand_is_classed_by_interval_and_size(values: list[float], pattern: str | None) -> None:
    (one,) = profiles.with_pattern(profiles.of_block(facts(values), len(values))).to_dicts()
    sizes = [value for value in values if value]

    assert one["pattern"] == pattern
    if sizes:  # the formula of the docstring against the sizes themselves
        interval = len(values) / len(sizes)
        seldom, erratic = interval >= 1.32, np.var(sizes) / np.mean(sizes) ** 2 >= 0.49
        words = {(0, 0): "smooth", (0, 1): "erratic", (1, 0): "intermittent", (1, 1): "lumpy"}
        assert words[bool(seldom), bool(erratic)] == pattern


def test_a_season_is_as_strong_as_what_it_explains() -> None:
    draw = np.random.default_rng(1)
    week = np.tile([1.0, 1, 1, 1, 1, 3, 6], 12)
    trend = np.linspace(0, 50, len(week))

    (pure,) = profiles.season(week + trend, 7)
    (noisy,) = profiles.season(week + draw.normal(0, 2, len(week)), 7)
    (none,) = profiles.season(draw.normal(10, 1, len(week)), 7)

    assert pure["strength"] == pytest.approx(1)
    assert none["strength"] < 0.4 < noisy["strength"] < 0.9
    assert np.argmax(noisy["index"]) == 6
    assert profiles.season(week[:20], 7) == []
    assert profiles.season(np.full(30, np.nan), 7) == []
    assert profiles.season(np.full(30, 4.0), 7)[0]["strength"] == 0


def test_a_season_begins_at_period_zero_whatever_is_known_first() -> None:
    week = np.tile([1.0, 1, 1, 1, 1, 3, 6], 8)
    week[:3] = np.nan

    assert np.argmax(profiles.season(week, 7)[0]["index"]) == 6


def test_concentration_says_how_few_series_make_most_of_it() -> None:
    said = profiles.concentration(np.array([900.0, 40, 30, 20, 10, 0, 0, 0, 0, -5]))

    assert said["top_series"] == 1
    assert said["top_share"] == 0.9
    assert said["tail_share"] == 0
    assert said["most_of_it"] == 1
    assert profiles.concentration(np.zeros(3)) == {}


def test_blocks_add_up_to_the_whole() -> None:
    rows = facts(*make_sales(60, 6).T.tolist())
    parts = [rows.filter(pl.col("code") < 2), rows.filter(pl.col("code") >= 2)]

    said = []
    for blocks in ([rows], parts):
        whole = profiles.Whole("D", 60)
        for block in blocks:
            whole.add(block, profiles.of_block(block, 60))
        said.append(whole.result())

    assert said[0] == said[1]
    assert len(said[0]["totals"]["values"]) == 60


def test_long_histories_are_told_in_whole_seasons() -> None:
    rows = facts([float(one % 7) for one in range(900)])
    whole = profiles.Whole("D", 900)
    whole.add(rows, profiles.of_block(rows, 900))

    totals = whole.result()["totals"]

    assert totals["width"] == 7
    assert totals["values"][:3] == [3, 3, 3]


@pytest.mark.django_db
def test_the_planner_knows_of_a_version_when_it_is_there() -> None:
    version = make_version(make_sales(20, 30))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_distinct FROM pg_stats WHERE tablename = 'warehouse_seriesprofile'"
            " AND attname = 'unique_id'"
        )
        (distinct,) = cursor.fetchone()

    assert distinct == -1
    assert version.series_count == 30


@pytest.mark.django_db
def test_versions_from_before_are_told_as_loading_tells_them() -> None:
    sales = make_sales(100, 4)
    sales[10:20, 1], sales[:, 2], sales[50, 3] = np.nan, 0, 5000
    version = make_version(sales, stockout_share=(sales > 20) * 0.5)
    names = [one.name for one in SeriesProfile._meta.concrete_fields]
    before = list(SeriesProfile.objects.order_by("series_id").values(*names))
    SeriesProfile.objects.all().delete()

    migration = importlib.import_module(
        "forecastlab.warehouse.migrations.0004_fill_series_profiles"
    )
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)

    after = list(SeriesProfile.objects.order_by("series_id").values(*names))
    assert len(after) == version.series_count
    for one, other in zip(before, after, strict=True):
        lines = [one.pop("line"), other.pop("line")]
        assert one == pytest.approx(other)
        assert lines[0] == pytest.approx(
            [float("nan") if value is None else value for value in lines[1]], nan_ok=True
        )
