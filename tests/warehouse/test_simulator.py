from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.core.management import call_command
from polars.testing import assert_frame_equal

from forecastlab.lib import artefacts
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import holidays, sales
from forecastlab.warehouse.domain.simulator.config import SimulationUnusable
from forecastlab.warehouse.models import DatasetVersion
from tests.factories import make_user

AS_OF = date(2026, 11, 21)
GOLDEN = "5348c0c449c4a2619d90d6e7ca0d139aa8b5e9433282d970fece5517ce8d2680"


def drawn(**knobs: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return facts and truth of a small simulation, keyed by store, product and date."""
    config = configs.build("demo_minimal", seed=7, as_of=AS_OF, knobs=knobs)
    facts, truth = [], []
    for one in sales.draw(config):
        day = (pl.lit(config.first) + pl.duration(days=pl.col("t"))).alias("day")
        key = pl.lit(one.store).alias("store")
        facts.append(one.facts.select(key, "product", day, pl.all().exclude("product", "t")))
        truth.append(one.truth.select(key, "product", day, pl.all().exclude("product", "t")))
    return pl.concat(facts), pl.concat(truth)


def shared(left: pl.DataFrame, right: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of both whose key is in both, in the same order."""
    keys = ["store", "product", "day"]
    return left.join(right, on=keys, how="semi").sort(keys), right.join(
        left, on=keys, how="semi"
    ).sort(keys)


@pytest.mark.parametrize(
    "knobs", [{"stores": 5}, {"products": 17}, {"window_days": 200}, {"sparsity": 0.5}]
)
def test_a_knob_of_size_changes_no_series_that_stays(knobs: dict[str, Any]) -> None:
    plain, turned = shared(drawn()[0], drawn(**knobs)[0])

    assert plain.height > 0
    assert_frame_equal(plain, turned)


@pytest.mark.parametrize(
    ("knob", "changed", "kept"),
    [
        ("noise_sigma", {"noise"}, {"promotion", "price", "anomaly", "holiday", "base"}),
        ("promotion_intensity", {"promotion"}, {"noise", "price", "anomaly", "holiday", "base"}),
        ("stockout_intensity", {"lost"}, {"noise", "price", "promotion", "demand", "base"}),
    ],
)
def test_a_knob_changes_only_its_effect(knob: str, changed: set[str], kept: set[str]) -> None:
    _, plain = drawn()

    _, turned = drawn(**{knob: 0.5})

    for factor in kept:
        assert plain[factor].equals(turned[factor]), factor
    for factor in changed:
        assert not plain[factor].equals(turned[factor]), factor


def test_more_promotions_keep_those_that_were_there() -> None:
    plain, _ = drawn()
    turned, _ = drawn(promotion_intensity=0.5)

    assert (turned["discount"] >= plain["discount"]).all()
    assert turned["promo"].sum() > plain["promo"].sum()


def test_true_demand_less_what_was_lost_is_what_was_sold() -> None:
    facts, truth = drawn(stockout_intensity=0.5)

    assert (truth["demand"] - truth["lost"]).equals(facts["quantity"].rename("demand"))
    assert ((truth["lost"] > 0) <= (facts["stockout_share"] > 0)).all()
    assert truth["lost"].sum() > 0


def test_sales_follow_the_day_of_the_week_and_the_promotion() -> None:
    facts, _ = drawn(noise_sigma=0, window_days=364)

    by_day = facts.group_by(pl.col("day").dt.weekday().alias("d")).agg(pl.col("quantity").mean())
    means = dict(by_day.rows())
    assert 1.45 < means[6] / means[1] < 1.8
    assert facts["promo"].sum() > 0


def test_holidays_of_the_united_states() -> None:
    found = holidays.of_year(2024)

    assert {date(2024, 11, 28), date(2024, 9, 2), date(2024, 5, 27), date(2024, 1, 15)} < found
    assert len(found) == 11


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
    with pytest.raises(SimulationUnusable, match=sentence):
        configs.build("demo_minimal", seed=1, as_of=AS_OF, knobs=knobs)


def test_a_config_survives_being_stored() -> None:
    config = configs.build("demo_minimal", seed=7, as_of=AS_OF, knobs={"noise_sigma": "0.25"})

    assert configs.from_json(json.loads(json.dumps(config.as_json()))) == config


def run_simulation(*arguments: str) -> tuple[int, dict[str, Any]]:
    out, code = io.StringIO(), 0
    given = [*arguments, "--json", "--as", "alice"]
    try:
        call_command("simulate_dataset", *given, stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def test_the_command_loads_92_days_of_30_series_and_the_truth(worker: None) -> None:
    make_user("alice")

    code, told = run_simulation("demo", "--as-of", "2026-11-21", "--seed", "42")

    assert code == 0, told
    assert (told["rows"], told["series"], told["frequency"]) == (2760, 30, "D")
    assert (told["first"], told["last"]) == ("2026-08-22", "2026-11-21")
    assert told["content_hash"] == GOLDEN
    version = DatasetVersion.objects.get()
    truth = pl.read_parquet(artefacts.path(version.truth or ""))
    facts = queries.facts(version, ("quantity", "price", "promo", "holiday", "stockout_share"))
    assert facts.null_count().transpose().to_series().sum() == 0
    assert truth["demand"].sum() - truth["lost"].sum() == facts["quantity"].sum()


def test_the_same_simulation_makes_no_second_version(worker: None) -> None:
    make_user("alice")
    run_simulation("demo", "--as-of", "2026-11-21")

    code, told = run_simulation("demo", "--as-of", "2026-11-21")

    assert (code, told["version"], told["problems"][0]["code"]) == (0, 1, "unchanged")


def test_the_name_is_not_part_of_the_hash(worker: None) -> None:
    make_user("alice")

    _, one = run_simulation("one", "--as-of", "2026-11-21")
    _, two = run_simulation("two", "--as-of", "2026-11-21")

    assert one["content_hash"] == two["content_hash"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--preset", "absent"],
        ["demo", "--set", "colour=1"],
        ["demo", "--set", "stores"],
        ["demo", "--seed", "-1"],
        ["demo", "--as-of", "tomorrow"],
        ["Demo"],
    ],
)
def test_bad_arguments_are_refused(worker: None, arguments: list[str]) -> None:
    make_user("alice")

    code, told = run_simulation(*arguments)

    assert (code, "error" in told) == (2, True)
    assert not DatasetVersion.objects.exists()
