from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.core.management import call_command

from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue
from tests.factories import make_sales, make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command with --json and return its exit code and the object it printed."""
    out, code = io.StringIO(), 0
    try:
        call_command(*arguments, "--json", "--as", "alice", stdout=out, stderr=io.StringIO())
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, json.loads(out.getvalue())


@pytest.fixture
def shop(transactional_db: None) -> None:
    make_version(make_sales(90, 4), by=make_user())


@pytest.mark.slow
def test_backtest_prints_all_that_it_found(worker: None, shop: None) -> None:
    code, told = run("backtest", "--dataset", "shop", "--horizon", "7", "--metric", "mase")

    assert code == 0, told
    assert told["dataset"] == "shop@1"
    assert (told["horizon"], told["judged"], told["skipped"]) == (7, 4, [])
    assert len(told["content_hash"]) == len(told["config_hash"]) == 64
    assert [one["cutoff"] for one in told["folds"]] == ["2026-03-14", "2026-03-21", "2026-03-28"]
    best = min(told["models"], key=lambda name: told["models"][name]["mase"])
    assert told["models"][told["best_model"]]["mase"] == told["models"][best]["mase"]
    for one in told["models"].values():
        assert {"wape", "mase", "rmsse", "mae", "rmse", "smape", "bias", "seconds"} <= set(one)
        assert set(one["coverage"]) == {"80", "95"}
    assert sum(told["champions"].values()) == 4
    assert told["default_policy"] in told["champion_policies"]
    assert {"wape", "mase", "rmsse", "bias"} <= set(told["champion_policies"]["global_best"])
    assert told["seconds"] > 0
    assert told["peak_memory_mb"] > 0


@pytest.mark.slow
def test_judged_forecasts_give_the_printed_wape(worker: None, shop: None, tmp_path: Path) -> None:
    path = tmp_path / "judged.parquet"

    code, told = run("backtest", "--dataset", "shop", "--forecasts", str(path))

    assert code == 0, told
    frame = pl.read_parquet(path)
    assert frame.columns == ["unique_id", "ds", "cutoff", "model", "y", "yhat"]
    assert (frame["cutoff"] < frame["ds"]).all()
    for (model,), part in frame.group_by("model"):
        error = (part["y"] - part["yhat"]).abs().sum() / part["y"].abs().sum()
        assert 100 * error == pytest.approx(told["models"][model]["wape"]), model


def test_models_can_be_chosen(worker: None, shop: None) -> None:
    code, told = run("backtest", "--dataset", "shop", "--models", "naive,seasonal_naive")

    assert code == 0, told
    assert set(told["models"]) == {"naive", "seasonal_naive"}
    assert told["default_policy"] == "global_best_switch"


@pytest.mark.parametrize(
    ("options", "field", "says"),
    [
        (["--models", "crystal_ball"], "models", "There is no model 'crystal_ball'."),
        (["--models", "ensemble"], "models", "needs other models"),
        (["--metric", "luck"], "metric", "There is no metric 'luck'."),
        (["--horizon", "0"], "horizon", "0 is no horizon"),
        (["--folds", "-1"], "folds", "-1 is no folds"),
        (["--step", "0"], "step", "0 is no step"),
        (["--gap", "-2"], "gap", "-2 is no gap"),
        (["--season-length", "0"], "season_length", "0 is no season length"),
        (["--intervals", "80,120"], "intervals", "120 is no interval"),
        (["--intervals", "wide"], "intervals", "'wide' is no list"),
        (["--folds", "6"], "folds", "6 folds of 14 days need 114 days; there are 90."),
        (["--horizon", "200"], "horizon", "there are 90"),
        (["--forecasts", "f.xlsx"], "forecasts", "neither .csv nor .parquet"),
        (["--forecasts", "/nowhere/f.csv"], "forecasts", "There is no folder"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_starts(
    shop: None, options: list[str], field: str, says: str
) -> None:
    code, told = run("backtest", "--dataset", "shop", *options)

    assert code == 2
    assert told["error"]["field"] == field
    assert says in told["error"]["detail"]
    assert not Backtest.objects.exists()


def test_an_unknown_dataset_is_refused(shop: None) -> None:
    code, told = run("backtest", "--dataset", "nowhere")

    assert code == 2
    assert told["error"]["field"] == "dataset"


def test_a_dataset_of_zeros_is_judged_as_a_no(worker: None) -> None:
    make_version(np.zeros((90, 2)), name="zeros", by=make_user())

    code, told = run("backtest", "--dataset", "zeros")

    assert code == 1
    assert told["error"]["detail"] == "No series can be judged. The first one: all zeros."


def test_no_wait_prints_the_job(shop: None) -> None:
    code, told = run("backtest", "--dataset", "shop", "--no-wait")

    assert code == 0
    assert set(told) == {"job"}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_forecast_writes_every_series(
    worker: None, shop: None, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"forecast{suffix}"

    code, told = run("forecast", "--dataset", "shop", "--horizon", "7", "--output", str(path))

    assert code == 0, told
    assert (told["rows"], told["series"], told["file"]) == (28, 4, str(path))
    assert sum(told["models"].values()) == 4
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    frame = pl.read_csv(path) if suffix == ".csv" else pl.read_parquet(path)
    assert frame.columns == ["unique_id", "ds", "model", "yhat", "lo80", "hi80", "lo95", "hi95"]
    assert frame.height == 28


@pytest.mark.slow
def test_a_second_forecast_by_the_alias_says_the_same(
    worker: None, shop: None, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run("forecast", "--dataset", "shop", "--horizon", "7", "--output", str(first))

    code, told = run(
        "forecast", "--dataset", "shop", "--alias", "shop-production", "--output", str(second)
    )

    assert code == 0, told
    assert Backtest.objects.count() == 1  # judged once
    assert ForecastIssue.objects.count() == 2
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.slow
def test_a_longer_horizon_by_the_alias_begins_alike(
    worker: None, shop: None, tmp_path: Path
) -> None:
    """Of models that see series one by one: trees learn anew for more steps ahead."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    asked = ("--models", "seasonal_naive,ses_weekday", "--horizon", "7", "--folds", "3")
    run("run_showcase", "--dataset", "shop", *asked, "--wait")
    run("forecast", "--dataset", "shop", "--horizon", "7", "--output", str(first))

    run("forecast", "--dataset", "shop", "--horizon", "10", "--output", str(second))

    short, long = pl.read_csv(first), pl.read_csv(second)
    assert long.height == 40
    begins = long.join(short, on=["unique_id", "ds"], how="semi")
    assert begins["yhat"].to_list() == pytest.approx(short["yhat"].to_list())


def test_an_unknown_alias_is_refused(shop: None) -> None:
    code, told = run("forecast", "--dataset", "shop", "--alias", "nobody")

    assert code == 2
    assert told["error"]["field"] == "alias"
    assert not Alias.objects.exists()


def test_a_file_that_stands_is_whole_or_untouched(shop: None, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    path.write_text("kept")

    code, _told = run("forecast", "--dataset", "nowhere", "--output", str(path))

    assert code == 2
    assert path.read_text() == "kept"
    assert [one.name for one in tmp_path.iterdir()] == ["kept.csv"]
