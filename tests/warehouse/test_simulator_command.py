"""Simulating by command and by the API: what is loaded, what is refused, what is only told."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.core.management import call_command

from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import DatasetVersion, Product, Store
from tests.factories import make_user
from tests.warehouse.golden import GOLDEN

AS_OF = ("--as-of", "2026-11-21")


def run_simulation(*arguments: str) -> tuple[int, dict[str, Any]]:
    out, code = io.StringIO(), 0
    given = [*arguments, "--json", "--as", "alice"]
    try:
        call_command("simulate_dataset", *given, stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


def truth_of(version: DatasetVersion) -> pl.DataFrame:
    return pl.read_parquet(artefacts.path(version.truth or ""))


def test_the_command_loads_92_days_of_30_series_and_the_truth(worker: None) -> None:
    make_user("alice")

    code, told = run_simulation("demo", *AS_OF, "--seed", "42")

    assert code == 0, told
    assert (told["rows"], told["series"], told["frequency"]) == (2760, 30, "D")
    assert (told["first"], told["last"]) == ("2026-08-22", "2026-11-21")
    assert told["content_hash"] == GOLDEN["demo_minimal"][0]
    version = DatasetVersion.objects.get()
    facts = queries.facts(version, ("quantity", "price", "promo", "holiday", "stockout_share"))
    assert facts.null_count().transpose().to_series().sum() == 0
    names = queries.series_frame(version).select("series_id", "unique_id")
    truth = truth_of(version).join(names, on="unique_id").sort("series_id", "t")
    assert (truth["demand"] - truth["lost"]).to_list() == facts["quantity"].to_list()
    assert truth["ds"].max() == date(2026, 11, 21)


def test_everything_switched_on_loads_signals_stock_and_the_truth(worker: None) -> None:
    make_user("alice")
    enabled = ("--enable", "weather,events,returns", "--enable", "replenishment,lifecycle")

    code, told = run_simulation("demo", *AS_OF, *enabled)

    assert code == 0, told
    version = DatasetVersion.objects.get()
    known = dict(version.signals.order_by("position").values_list("name", "known"))
    assert known == {"temperature": False, "event": True, "returns": False}
    facts = queries.facts(version, ("quantity", "stock", "signals"))
    assert (facts["quantity"] <= facts["stock"]).all()
    assert {"weather", "events", "lifecycle", "return_reason"} <= set(truth_of(version).columns)
    assert version.config["simulate"]["enabled"] == [
        *("weather", "events", "lifecycle", "replenishment", "returns"),
    ]


def test_stores_and_products_are_described(worker: None) -> None:
    make_user("alice")

    run_simulation("launches", *AS_OF, "--preset", "new_launches", "--set", "products=5,stores=2")

    store, product = Store.objects.get(code="S0001"), Product.objects.get(code="SKU-10000")
    assert store.attributes.keys() == {"name", "region", "city", "type"}
    assert product.attributes.keys() == {
        *("name", "category", "brand", "price", "cost"),
        *("launch_date", "discontinue_date", "lifecycle_stage"),
    }
    assert 0.4 <= product.attributes["cost"] / product.attributes["price"] <= 0.7
    truth = truth_of(DatasetVersion.objects.get())
    mine = truth.filter(pl.col("unique_id").str.ends_with("SKU-10000"))
    assert mine["ds"].min() == date.fromisoformat(product.attributes["launch_date"])


def test_the_same_simulation_makes_no_second_version(worker: None) -> None:
    make_user("alice")
    run_simulation("demo", *AS_OF)

    code, told = run_simulation("demo", *AS_OF)

    assert (code, told["version"], told["problems"][0]["code"]) == (0, 1, "unchanged")


def test_the_name_is_not_part_of_the_hash(worker: None) -> None:
    make_user("alice")

    _, one = run_simulation("one", *AS_OF)
    _, two = run_simulation("two", *AS_OF)

    assert one["content_hash"] == two["content_hash"]


def test_a_dry_run_tells_the_size_and_draws_nothing(db: None) -> None:
    make_user("alice")

    code, told = run_simulation("big", *AS_OF, "--preset", "new_launches", "--dry-run")

    assert code == 0
    assert (told["dry_run"], told["dataset"], told["exact"]) == (True, "big", True)
    _hash, rows, series = GOLDEN["new_launches"]
    assert (told["rows"], told["series"], told["days"]) == (rows, series, 366)
    assert told["seconds"] > 1
    assert told["megabytes"] > 10
    assert not Job.objects.exists()


def test_a_dry_run_says_it_to_people_too(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    make_user("alice")

    call_command("simulate_dataset", "big", *AS_OF, "--dry-run", "--as", "alice")

    told = capsys.readouterr().out
    assert "Would draw 2,760 rows, 30 series, 2026-08-22 to 2026-11-21" in told


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["demo", "--preset", "absent"], "preset"),
        (["demo", "--set", "colour=1"], "colour"),
        (["demo", "--set", "stores"], "set"),
        (["demo", "--set", "stores=101"], "stores"),
        (["demo", "--preset", "holiday_rush", "--set", "window_days=90"], "window_days"),
        (["demo", "--enable", "rain"], "enable"),
        (["demo", "--seed", "-1"], "seed"),
        (["demo", "--as-of", "tomorrow"], "as_of"),
        (["demo", "--as-of", "0001-01-01"], "as_of"),
        (["Demo"], "name"),
        (["demo", "--set", "sparsity=0.9", "--set", "stores=1", "--set", "products=1"], "sparsity"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_bad_arguments_are_refused(
    db: None, arguments: list[str], field: str, dry: list[str]
) -> None:
    make_user("alice")

    code, told = run_simulation(*arguments, *dry)

    assert (code, told["error"].get("field")) == (2, field)
    assert not Job.objects.exists()
