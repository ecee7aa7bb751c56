from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from forecastlab.lib.errors import BadInput
from showcase.domain import config
from showcase.domain.config import Known, Sales, Simulation

TODAY = date(2026, 11, 21)


def simulated(asked: Simulation) -> tuple[Mapping[str, Any], int]:
    if "shops" in asked.knobs:
        raise BadInput("There is no knob 'shops'.", field="simulate")
    drawn = {"preset": asked.scenario, "seed": asked.seed, "as_of": asked.as_of.isoformat()}
    return {**drawn, **asked.knobs, **({"enabled": ["weather"]} if asked.rich else {})}, 92


KNOWN = Known(
    models=["naive", "ses", "theta"],
    default_models=["naive", "ses"],
    scenarios=["demo_minimal", "showcase_rich", "sparse"],
    simulated=simulated,
)
DAYS = Sales(name="fresh", frequency="D", periods=90, version=7)
SIMULATED = Sales(name="demo_minimal")


def freeze(sales: Sales = DAYS, **options: Any) -> dict[str, Any]:
    if sales is DAYS:
        options.setdefault("dataset", "fresh")
    return config.freeze(options, known=KNOWN, sales=sales, today=TODAY)


def test_left_out_options_take_the_documented_defaults() -> None:
    frozen = freeze()

    assert frozen == {
        "dataset": "fresh",
        "version": 7,
        "scenario": None,
        "seed": 42,
        "as_of": "2026-11-21",
        "simulate": None,
        "horizon": 14,
        "folds": 3,
        "step": 14,
        "gap": 0,
        "metric": "wape",
        "models": ["naive", "ses"],
        "table": "short",
        "focus": None,
        "keep_going": False,
        "name": "fresh, 14 days",
    }


@pytest.mark.parametrize(
    ("frequency", "horizon"), [("H", 48), ("D", 14), ("W", 8), ("M", 12), ("Q", 4), ("Y", 2)]
)
def test_the_default_horizon_follows_the_frequency(frequency: str, horizon: int) -> None:
    sales = Sales(name="any", frequency=frequency, periods=500, version=1)

    assert freeze(sales, dataset="any")["horizon"] == horizon


def test_without_scenario_or_dataset_the_first_scenario_is_meant() -> None:
    assert config.source({}) == ("demo_minimal", "")
    assert freeze(SIMULATED)["scenario"] == "demo_minimal"


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"colour": "red"}, "colour", "There is no option 'colour'. Known: approval"),
        ({"scenario": "sparse"}, "dataset", "either a scenario or a dataset"),
        ({"models": "naive,prophet"}, "models", "no model 'prophet'. Known: naive, ses, theta."),
        ({"models": ["naive", "naive"]}, "models", "'naive' is named twice"),
        ({"models": 3}, "models", "list of names"),
        ({"metric": "mape"}, "metric", "no metric 'mape'. Known: wape, mae, rmse."),
        ({"policy": "coin"}, "policy", "no policy 'coin'. There are: ensemble_switch, ensemble"),
        ({"policy": "ensemble"}, "policy", "'ensemble' needs the model 'ensemble'"),
        ({"seed": -1}, "seed", "-1 is not a whole number from 0"),
        ({"seed": "many"}, "seed", "many is not a whole number"),
        ({"horizon": 91}, "horizon", "91 is not a whole number from 1 to 90"),
        ({"horizon": 1.5}, "horizon", "1.5 is not a whole number"),
        ({"horizon": True}, "horizon", "True is not a whole number"),
        ({"folds": 0}, "folds", "0 is not a whole number from 1 to 20"),
        ({"gap": 14}, "gap", "A gap of 14 is not under the horizon of 14"),
        ({"as_of": "tomorrow"}, "as_of", "'tomorrow' is not a date"),
        ({"focus": "x" * 301}, "focus", "at most 300"),
        ({"reset": "yes"}, "reset", "neither true nor false"),
        ({"simulate": {"stores": 3}}, "simulate", "Only simulated sales have knobs"),
        ({"keep_going": "yes"}, "keep_going", "neither true nor false"),
        ({"table": "middle"}, "table", "no table 'middle'"),
        ({"name": "x" * 101}, "name", "at most 100"),
    ],
)
def test_a_bad_option_is_refused_by_name(options: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)) as refused:
        freeze(**options)

    assert refused.value.field == field


def test_a_name_of_blanks_counts_as_left_out_and_a_usual_one_always_fits() -> None:
    long = replace(DAYS, name="d" * 100)

    assert freeze(name="   ")["name"] == freeze()["name"]
    assert len(freeze(long, dataset="d" * 100)["name"]) == 100
    assert freeze(long, dataset="d" * 100)["name"].endswith(", 14 days")


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"no scenario 'rich'\. Known: demo_minimal, showcase"):
        freeze(SIMULATED, scenario="rich")


def test_what_is_simulated_is_frozen_with_its_knobs() -> None:
    frozen = freeze(SIMULATED, seed=7, simulate={"stores": 4}, as_of="2026-01-31")

    assert frozen["simulate"] == {
        "preset": "demo_minimal",
        "seed": 7,
        "as_of": "2026-01-31",
        "stores": 4,
    }


def test_the_usual_policy_is_not_named() -> None:
    assert "policy" not in freeze(policy="ensemble_switch")
    assert freeze(policy="group_best")["policy"] == "group_best"


def test_simulated_sales_must_be_long_enough_too() -> None:
    with pytest.raises(BadInput, match="6 folds of 14 days need 114 days; there are 92"):
        freeze(SIMULATED, folds=6)


def test_knobs_are_checked_by_the_simulator() -> None:
    with pytest.raises(BadInput, match="no knob 'shops'"):
        freeze(SIMULATED, simulate={"shops": 3})


@pytest.mark.parametrize(
    ("periods", "options", "message", "field"),
    [
        (
            90,
            {"folds": 6},
            "6 folds of 14 days need 114 days; there are 90. Use 4 or fewer.",
            "folds",
        ),
        (50, {}, "3 folds of 14 days need 72 days; there are 50. Use 1.", "folds"),
        (
            1,
            {},
            "3 folds of 14 days need 72 days; there are 1. Load a longer history.",
            "horizon",
        ),
    ],
)
def test_a_history_too_short_says_what_would_fit(
    periods: int, options: dict[str, Any], message: str, field: str
) -> None:
    sales = Sales(name="fresh", frequency="D", periods=periods, version=7)

    with pytest.raises(BadInput) as refused:
        freeze(sales, dataset="fresh", **options)

    assert (refused.value.message, refused.value.field) == (message, field)


def test_the_hash_covers_config_and_rows_but_no_label() -> None:
    frozen = freeze()
    same = freeze(name="another name") | {"version": 8, "run": 3}

    assert config.digest(frozen, steps=["a"]) == config.digest(same, steps=["a"])
    assert config.digest(frozen, steps=["a"]) != config.digest(frozen, steps=["a", "b"])
    assert config.digest(frozen, steps=["a"]) != config.digest(freeze(seed=1), steps=["a"])


def test_the_long_table_is_run_where_it_is_asked_for_and_for_the_richest_scenario() -> None:
    rich = Sales(name="showcase_rich")

    assert freeze(rich, scenario="showcase_rich")["table"] == "long"
    assert freeze(rich, scenario="showcase_rich", table="short")["table"] == "short"
    assert freeze(table="long")["table"] == "long"
    assert freeze(SIMULATED, scenario="demo_minimal")["table"] == "short"


def test_sales_are_simulated_with_all_that_the_long_table_tells_of() -> None:
    plain = freeze(SIMULATED, scenario="demo_minimal")
    rich = freeze(SIMULATED, scenario="demo_minimal", table="long")

    assert "enabled" not in plain["simulate"]
    assert rich["simulate"]["enabled"] == ["weather"]


def test_a_series_of_simulated_sales_is_a_pair_and_that_of_a_dataset_any_id() -> None:
    assert freeze(focus="Y12")["focus"] == "Y12"
    with pytest.raises(BadInput, match="STORE:PRODUCT"):
        freeze(SIMULATED, focus="Y12")


def test_a_reset_is_frozen_only_where_it_is_asked_for() -> None:
    assert "reset" not in freeze(reset=False)
    assert freeze(reset=True)["reset"] is True


def test_options_of_a_file_are_completed_and_sales_replaced() -> None:
    base = {"scenario": "sparse", "simulate": {"stores": 2}, "seed": 7}

    assert config.completed({"seed": 8, "simulate": {"products": 9}}, base) == {
        "scenario": "sparse",
        "seed": 8,
        "simulate": {"stores": 2, "products": 9},
    }
    assert config.completed({"dataset": "shop"}, base) == {"dataset": "shop", "seed": 7}
