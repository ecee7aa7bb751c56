from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from forecastlab.forecasting import gateways, job_kinds
from forecastlab.forecasting.domain.config import default_models
from forecastlab.forecasting.models import (
    Alias,
    Backtest,
    Champion,
    Forecast,
    ForecastIssue,
    ModelRun,
)
from forecastlab.forecasting.services import backtests, forecasts, registry
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs, storeroom
from forecastlab.lib import artefacts
from forecastlab.lib.contributions import StepContext
from tests.factories import make_group, make_sales, make_user, make_version, run_job

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_every_series_is_judged_by_every_model_on_the_same_folds() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 5))

    job = run_job(backtests.start(version, {}, by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    backtest = backtests.of_job(job)
    assert backtest.judged + len(backtest.skipped) == 5
    assert backtest.scores.count() == 5 * len(default_models())


def test_a_first_forecast_judges_registers_and_stores() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 5))

    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    assert Alias.objects.get().name == "shop-production"
    assert ModelRun.objects.count() == len(default_models())
    trees = ModelRun.objects.get(model="lightgbm")
    assert trees.config["learnt"]["frame_version"] == 3
    assert "calendar" in trees.config["learnt"]["groups"]
    kept = gateways.get_arrays(trees.artefact)
    assert kept["lightgbm/text.0"].tobytes().startswith(b"tree")
    issue = ForecastIssue.objects.get()
    assert Forecast.objects.filter(issue=issue).count() == 5


def test_a_step_that_runs_again_finds_what_it_made() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 3))
    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))
    context = context_of(job)

    again = [backtests.judge(context), registry.register(context), registry.verify(context)]

    kept = dict(job.steps.values_list("name", "data"))
    assert again[0].data == kept["backtest"]
    assert again[1].data == kept["register"]
    assert again[2].data["verified"] is True
    assert (Backtest.objects.count(), ForecastIssue.objects.count()) == (1, 1)


def test_a_damaged_artefact_fails_the_verification() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 3, seed=99))
    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))
    path = artefacts.path(ModelRun.objects.first().artefact)
    path.write_bytes(b"something else")

    with pytest.raises(artefacts.ArtefactChanged):
        registry.verify(context_of(job))

    path.unlink()


def test_a_sweep_of_the_store_leaves_what_models_and_judgements_need(
    settings: Any, tmp_path: Path
) -> None:
    settings.ARTEFACT_ROOT = tmp_path / "store"
    alice, at = make_user(), timezone.now()
    version = make_version(make_sales(90, 3))
    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=at))
    before = artefacts.untouched_since(at + timedelta(days=1))

    swept = storeroom.sweep(at + timedelta(days=2))

    registry.verify(context_of(job))
    assert swept > 0
    assert len(artefacts.untouched_since(at + timedelta(days=1))) == len(before) - swept


def test_features_count_what_is_not_learnt_from() -> None:
    alice = make_user()
    sales = make_sales(90, 2)
    sales[3, 0] = -2
    out = np.zeros_like(sales)
    out[10:13, 1] = 1
    version = make_version(sales, stockout_share=out)

    job = run_job(backtests.start(version, {}, by=alice, at=timezone.now()))

    data = job.steps.get(name="features").data
    assert (data["negative"], data["stockout"], data["closed"]) == (1, 3, 0)
    assert (data["row_count"], data["column_count"]) == (180, 2)


def test_folds_without_any_sale_leave_a_metric_unknown_and_the_judgement_goes_on() -> None:
    alice = make_user()
    sales = make_sales(90, 2)
    sales[-28:] = 0
    options = {"horizon": 7, "folds": 3, "metric": "wape", "models": ["naive", "seasonal_naive"]}

    job = run_job(backtests.start(make_version(sales), options, by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    told = job.steps.get(name="backtest")
    assert "WAPE – on 2 series" in told.detail
    assert (told.data["winner_wape"], told.data["bars"]) == (None, [])


def test_series_that_cannot_be_judged_are_forecast_all_the_same() -> None:
    alice = make_user()
    sales = make_sales(90, 4)
    sales[:, 1] = 0
    sales[:85, 2] = np.nan
    version = make_version(sales)

    job = run_job(forecasts.start(version, horizon=14, alias="", by=alice, at=timezone.now()))

    data = job.steps.get(name="backtest").data
    assert data["series_judged"] + data["series_skipped"] == 4
    assert [one["series"] for one in data["skipped"]] == ["S0:P1", "S0:P2"]
    assert data["skipped"][0]["reason"] == "all zeros"
    stored = dict(Forecast.objects.values_list("series__unique_id", "total"))
    assert set(stored) == {"S0:P0", "S0:P1", "S0:P2", "S0:P3"}
    assert stored["S0:P1"] == 0
    assert Champion.objects.get(series__unique_id="S0:P1").reason == "not_judged"


def test_a_newer_version_is_forecast_by_the_same_champions() -> None:
    alice = make_user()
    sales = make_sales(104, 4)
    first = make_version(sales[:90, :3])
    run_job(forecasts.start(first, horizon=7, alias="", by=alice, at=timezone.now()))
    second = make_version(sales)  # two weeks later, with a new series

    job = run_job(forecasts.start(second, horizon=7, alias="", by=alice, at=timezone.now()))

    assert job.status == "succeeded", job.error
    issue = forecasts.of_job(job)
    assert (issue.version, issue.origin, issue.series_count) == (second, 103, 4)
    assert Backtest.objects.count() == 1


def test_the_same_data_and_config_give_the_same_artefacts(settings: Any) -> None:
    settings.KEPT_FORECASTS_GB = 0
    alice = make_user()
    version = make_version(make_sales(90, 3))

    made = []
    for _ in range(2):
        job = run_job(backtests.start(version, {}, by=alice, at=timezone.now()))
        made.append(backtests.of_job(job))

    assert made[0].forecasts == made[1].forecasts
    assert made[0].serving == made[1].serving
    assert made[0].config_hash == made[1].config_hash


def test_a_job_is_seen_by_whoever_sees_the_dataset() -> None:
    alice = make_user()
    version = make_version(make_sales(90, 2), by=alice)
    version.dataset.readers.add(make_group("readers"))
    charlie = make_user("charlie")

    params = {"dataset": version.dataset.name}

    assert job_kinds.backtest_job.can_see(alice, params)
    assert not job_kinds.backtest_job.can_see(charlie, params)


def context_of(job: Job) -> StepContext:
    """A step's context after the job, as if a worker ran the step once more."""
    return StepContext(
        job_id=job.pk,
        step="again",
        params=job.params,
        now=timezone.now(),
        actor_id=job.requested_by_id,
        report=lambda fraction=None, text="": None,
        fenced=nullcontext,
        results=dict(job.steps.filter(parent=None).values_list("name", "data")),
    )


def test_datasets_keep_aliases_of_the_same_name() -> None:
    alice = make_user()
    for name in ("north", "south"):
        version = make_version(make_sales(90, 2), name=name)
        params = {"dataset": name, "version": version.pk, "horizon": 7, "scenario": "demo_minimal"}
        run_job(jobs.create(forecasts.KIND, params=params, by=alice, at=timezone.now()))

    served = Alias.objects.filter(name="demo-production").order_by("pk")

    assert [one.model_run.version.dataset.name for one in served] == ["north", "south"]
