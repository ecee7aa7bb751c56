"""What the long pipeline shows of a registry is real, and leaves everything as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.forecasting.services import promotion, teaching
from forecastlab.forecasting.services.promotion import Decision
from forecastlab.lib import holding, registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext, StepFailed
from showcase.models import Run
from showcase.services import runs
from tests.factories import make_run, make_sales, make_user, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ROWS = ("champion_compat_compare", "stale_alias_trigger", "safer_promote_flow")


def data_of(run: Run, step: str) -> dict[str, Any]:
    return dict(run.steps.get(name=step).data)


@pytest.fixture
def long_run() -> Run:
    make_version(make_sales(120, 4), by=make_user())
    models = ["naive", "seasonal_naive", "lightgbm"]
    run = work_off(make_run(table="long", models=models, horizon=7, folds=2))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return run


def test_a_long_run_teaches_with_real_models_and_leaves_the_alias(
    long_run: Run, client: Client
) -> None:
    registered = data_of(long_run, "register")
    compared, stale, promoted = (data_of(long_run, name) for name in ROWS)
    newer, second = (
        ModelRun.objects.get(pk=compared["v2_run_id"]),
        ModelRun.objects.get(pk=stale["second_v2_run_id"]),
    )

    assert list(long_run.steps.filter(name__in=ROWS).values_list("outcome", flat=True)) == [
        "pass",
        "pass",
        "pass",
    ]
    assert compared["v1_run_id"] == registered["run_id"]
    assert (compared["compatible"], compared["comparable_reason"]) == (
        False,
        "feature_frame_version_mismatch",
    )
    assert (compared["folds"], compared["like_for_like"]) == ([2, 1], False)
    assert "Errors of other folds do not compare." in compared["folds_told"]
    assert stale["stale_reason"] == "feature_frame_version_mismatch"
    assert (
        stale["alias_feature_frame_version"],
        stale["comparable_run_feature_frame_version"],
    ) == (3, 4)
    assert stale["series_judged"] + stale["series_skipped"] == 4
    assert (newer.model, second.model) == ("lightgbm", "lightgbm_brief")
    assert all(0 < one.metrics["wape"] < 100 for one in (newer, second))  # nothing is planted
    assert (newer.teaching, second.teaching) == (True, True)
    _check_swap(promoted, registered)
    assert not ModelRun.objects.real().exclude(pk__in=registered["model_runs"]).exists()
    assert data_of(long_run, "cleanup")["alias_restored"] is False
    client.force_login(long_run.requested_by)
    page = client.get(long_run.get_absolute_url()).content.decode()
    assert compared["folds_told"] in page
    assert "Feature frame version 3 now, 4 then." in page
    listed = client.get(reverse("api:model-run-list")).json()["items"]
    assert {one["model_run"] for one in listed} == set(registered["model_runs"])


def _check_swap(told: dict[str, Any], registered: dict[str, Any]) -> None:
    before, after = (ModelRun.objects.get(pk=told[f"{one}_run_id"]) for one in ("before", "after"))
    refused = [one["gate"] for one in told["gates"] if not one["holds"]]
    assert told["before_run_id"] == registered["run_id"]
    assert after.metrics["wape"] > before.metrics["wape"]
    assert (after.model, after.frame_version) == ("lightgbm_brief", 4)
    assert refused == ["worse_metric", "version_mismatch"]
    assert told["acknowledged"] == refused
    assert [one["gate"] for one in told["gates"]] == [
        "artefact_verified",
        "worse_metric",
        "version_mismatch",
    ]
    assert told["restored"] is True
    assert Alias.objects.get().model_run_id == registered["run_id"]
    assert Promotion.objects.get(teaching=True).restored


def test_a_step_that_is_repeated_swaps_once(long_run: Run) -> None:
    told = data_of(long_run, "safer_promote_flow")
    Promotion.objects.update(ended_at=None, restored=False)
    Alias.objects.update(model_run=told["after_run_id"])  # as if it had died after the swap
    serves = ModelRun.objects.get(pk=told["before_run_id"]).backtest_id
    assert any("serves forecasts" in why for why in holding.holders("backtest", serves))

    again = teaching.promote_safely(_context(long_run))

    assert again.data == told
    assert Alias.objects.get().model_run_id == told["before_run_id"]
    assert Promotion.objects.count() == 1


def _context(run: Run) -> StepContext:
    assert run.job_id is not None
    return StepContext(
        job_id=run.job_id,
        step="safer_promote_flow",
        params=run.config,
        now=timezone.now(),
        actor_id=None,
        report=lambda fraction=None, text="": None,
        fenced=_nothing,
        results={one.name: one.data for one in run.steps.all()},
    )


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def ending(end: str) -> Iterator[None]:
    """Contribute a step that swaps the alias as the lesson does, and does not come to its end."""

    def swap(context: StepContext) -> Done:
        registered = context.results["register"]
        served = ModelRun.objects.get(pk=registered["run_id"])
        others = served.backtest.model_runs.order_by("pk")
        other = others.exclude(pk=served.pk).first()
        assert other is not None
        key = f"job.{context.job_id}.{context.step}"
        known = Decision(["worse_metric", "version_mismatch"], key=key)
        promotion.promote(promotion.find(served), other, known, by=None, at=context.now)
        if end == "moved":
            mine = Decision(["worse_metric"])
            third = others.exclude(pk__in=[served.pk, other.pk]).first()
            assert third is not None
            promotion.promote(promotion.find(served), third, mine, by=None, at=context.now)
        if end == "stopped":
            run = Run.objects.get(pk=context.params["run"])
            assert run.requested_by is not None
            runs.stop(run, by=run.requested_by, at=context.now)
            context.report(0.5)
        if end == "succeeded":
            return Done("It forgot to put the alias back.")
        raise StepFailed("It broke.")

    step = PipelineStep(
        "lesson", "decision", "Teach", swap, after=("register",), before=("verify",)
    )
    with registry.contributing("pipeline_steps", step):
        yield


@pytest.mark.parametrize(
    ("end", "status"),
    [("succeeded", "succeeded"), ("failed", "failed"), ("stopped", "cancelled")],
)
def test_clearing_up_puts_the_alias_back(end: str, status: str) -> None:
    with ending(end):
        run = work_off(make_run(models=["naive", "seasonal_naive"]))

    registered, cleared = data_of(run, "register"), data_of(run, "cleanup")
    assert run.status == status
    assert Alias.objects.get().model_run_id == registered["run_id"]
    assert (cleared["alias_restored"], cleared["restored_run_id"]) == (True, registered["run_id"])
    assert "again" in run.steps.get(name="cleanup").detail


def test_clearing_up_leaves_what_a_person_decided_meanwhile() -> None:
    with ending("moved"):
        run = work_off(make_run(models=["naive", "seasonal_naive", "ses"]))

    mine = Promotion.objects.get(teaching=False)
    assert Alias.objects.get().model_run == mine.after
    assert data_of(run, "cleanup")["alias_restored"] is False


def test_a_run_that_moves_an_alias_tells_so_like_a_person_who_does(client: Client) -> None:
    first = work_off(make_run(models=["naive"]))
    client.force_login(first.requested_by)
    listing = reverse("api:promotion-list")
    before = client.get(listing).json()["items"]
    second = work_off(make_run(models=["naive", "seasonal_naive"]))
    work_off(make_run(models=["naive", "seasonal_naive"]))  # equal: it points there already

    (told,) = client.get(listing).json()["items"]
    serving = data_of(second, "register")["run_id"]
    page = client.get(reverse("forecasting:model-run", args=[serving])).content.decode()

    assert before == []  # the first pointing moves nothing
    assert (told["from"], told["to"]) == (data_of(first, "register")["run_id"], serving)
    assert (told["gates"], told["acknowledged"], told["teaching"]) == ([], [], False)
    assert told["by"] == "alice"
    assert "The best of a new judgement" in page
