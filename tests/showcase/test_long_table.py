"""The long table: its rows, what they tell, and that nothing made to teach counts."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from django.core.management import call_command

from forecastlab.forecasting.models import Alias, Backtest, ModelRun
from forecastlab.warehouse.models import DatasetVersion
from showcase.models import Run
from showcase.queries import pipeline
from tests.factories import make_run, make_sales, make_user, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SMALL = {"stores": 2, "products": 4, "window_days": 119}
OVER_THE_PORTFOLIO = {
    "features",
    "historical_backfill",
    "train",
    "v2_train",
    "backtest",
    "register",
}


def said(run: Run) -> dict[str, dict[str, Any]]:
    return dict(run.steps.values_list("name", "data"))


def make_long_run(**options: Any) -> Run:
    asked = {"table": "long", "models": ["naive", "seasonal_naive"], **options}
    return work_off(make_run(**asked))


def test_the_rows_of_the_long_table_in_order() -> None:
    rows = [row.step for row in pipeline.planned({"table": "long"})]
    short = [row.step.name for row in pipeline.planned({"table": "short"})]
    data = [step.name for step in rows if step.phase == "data"]

    assert data == [
        "precheck",
        "reset",
        "seed",
        "status",
        "features",
        "phase2_enrichment",
        "historical_backfill",
    ]
    assert [step.name for step in rows if step.phase == "modeling"] == ["train", "v2_train"]
    assert set(short) - {"agent"} < {step.name for step in rows}
    assert [step.name for step in rows][-3:] == ["verify", "agent_hitl_flow", "cleanup"]
    assert not {"phase2_enrichment", "historical_backfill", "v2_train"} & set(short)


def test_the_pipeline_is_shown_as_the_scenario_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("show_pipeline", "--scenario", "showcase_rich")
    rich = capsys.readouterr().out
    call_command("show_pipeline", "--scenario", "demo_minimal")

    assert "historical_backfill" in rich
    assert "historical_backfill" not in capsys.readouterr().out


@pytest.fixture
def earlier() -> list[DatasetVersion]:
    """Make three versions of simulated sales; a run was made from the second one."""
    make_user()
    made = [make_version(make_sales(seed=one), name="showcase_rich") for one in (1, 2)]
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    work_off(make_run(dataset="showcase_rich@2", models=["naive"]))
    made.append(make_version(make_sales(seed=3), name="showcase_rich"))
    DatasetVersion.objects.update(source=DatasetVersion.Source.SIMULATION)
    return made


def test_a_long_run_over_simulated_sales(earlier: list[DatasetVersion]) -> None:
    real = Backtest.objects.count()

    run = make_long_run(scenario="showcase_rich", simulate=SMALL, reset=True)
    data = said(run)
    width = run.version.series_count

    assert (run.status, run.config["table"]) == ("succeeded", "long")
    # Earlier sales that nothing refers to are gone; the others say who needs them.
    assert data["reset"]["records_deleted"]["dataset_version"] == 1
    assert data["reset"]["records_deleted"]["sales_fact"] == earlier[0].rows
    assert [one["version"] for one in data["reset"]["stays"]] == [one.ref for one in earlier[1:]]
    assert "serves forecasts from it" in data["reset"]["stays"][0]["why"][0]
    # What is beside the sales was drawn before them.
    beside = data["phase2_enrichment"]["records_created"]
    assert beside["product"] == SMALL["products"]
    assert beside["exogenous_signal"] == 2 * SMALL["stores"] * run.version.periods
    assert min(beside["replenishment_event"], beside["sales_returns"]) > 0
    # Two baselines as known at three earlier days, judged inside what was known then.
    backfill = data["historical_backfill"]
    assert (backfill["runs_created"], backfill["models"]) == (6, ["naive", "seasonal_naive"])
    assert backfill["cutoffs"] == [
        run.version.calendar.label(run.version.history - 1 - back) for back in (42, 28, 14)
    ]
    # The newest frame is judged on the last of the run's folds.
    judged = Backtest.objects.get(model_runs=data["v2_train"]["v2_run_id"]).result["folds"]
    assert [one["cutoff"] for one in judged] == [data["backtest"]["folds"][-1]["cutoff"]]
    assert data["v2_train"]["feature_groups"] != []
    # Every step over the portfolio tells of all of it.
    told = {name: one for name, one in data.items() if "series_judged" in one}
    assert set(told) >= OVER_THE_PORTFOLIO
    for name, one in told.items():
        assert one["series_judged"] + one["series_skipped"] == width, name
    # What was made to teach is marked, and serves nothing.
    taught = ModelRun.objects.filter(
        pk__in=[*backfill["model_runs"], data["v2_train"]["v2_run_id"]]
    )
    assert {one.teaching for one in taught} == {True}
    assert Backtest.objects.real().count() == real + 1
    assert not Alias.objects.filter(model_run__teaching=True).exists()


@pytest.fixture
def without_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the library of the system that LightGBM needs."""
    load = ctypes.CDLL

    def loaded(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("libgomp"):
            raise OSError(name)
        return load(name, *args, **options)

    monkeypatch.setattr(ctypes, "CDLL", loaded)


@pytest.mark.usefixtures("without_lightgbm")
def test_what_is_known_earlier_is_what_a_shorter_history_says(
    earlier: list[DatasetVersion],
) -> None:
    """A model as of 14 days ago is the model that those sales alone would have given."""
    sales = make_sales(120, 4, seed=5)
    shop, before = make_version(sales), make_version(sales[:-14], name="before")
    taught = said(make_long_run(dataset=shop.ref))["historical_backfill"]
    alone = work_off(make_run(dataset=before.ref, models=["naive", "seasonal_naive"]))

    newest = {one["model"]: one["wape"] for one in taught["judged"][-2:]}
    scores = said(alone)["backtest"]["per_model"]

    assert newest == {name: scores[name]["wape"] for name in newest}


@pytest.mark.usefixtures("without_lightgbm")
def test_a_dataset_that_lacks_what_a_row_needs_skips_it_and_says_why() -> None:
    make_version(make_sales(80, 3))

    run = make_long_run(dataset="shop", folds=1)
    skipped = dict(run.steps.filter(outcome="skip").values_list("name", "detail"))

    assert run.status == "succeeded"
    assert skipped["reset"] == "Not asked for; earlier sales stay."
    assert "come without life cycles" in skipped["phase2_enrichment"]
    assert skipped["historical_backfill"] == "Needs 86 days of sales, there are 80."
    assert skipped["v2_train"].startswith("LightGBM cannot run here. The system lacks libgomp1")


def test_a_dataset_that_ever_held_imported_sales_is_not_reset() -> None:
    imported = make_version()
    simulated = make_version(make_sales(seed=2))
    DatasetVersion.objects.filter(pk=simulated.pk).update(source="simulation")

    run = work_off(make_run(dataset=simulated.ref, models=["naive"], reset=True))

    assert run.status == "failed"
    assert "holds imported sales" in run.steps.get(name="reset").detail
    assert DatasetVersion.objects.filter(pk=imported.pk).exists()
