"""A run over equal sales with an equal config takes over what an earlier one has found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue, ModelRun
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext
from showcase.models import Run
from showcase.services import runs
from tests.factories import make_run, make_sales, make_version, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KEYED = ("features", "train", "backtest", "register")
SMALL: dict[str, Any] = {"models": ["naive", "seasonal_naive"], "folds": 2, "horizon": 7}


def ran(**options: Any) -> Run:
    run = work_off(make_run(**{**SMALL, **options}))
    assert run.status == "succeeded", run.steps.filter(outcome="fail").values("name", "detail")
    return run


def taken(run: Run) -> dict[str, int | None]:
    return dict(run.steps.filter(name__in=KEYED).values_list("name", "same_as"))


def test_an_equal_run_says_so_and_takes_the_numbers_over() -> None:
    first = ran()
    Alias.objects.update(model_run=ModelRun.objects.order_by("pk").first())

    again = ran()

    assert taken(again) == dict.fromkeys(KEYED, first.pk)
    judged = again.steps.get(name="backtest")
    assert judged.detail == (f"Same as run {first.pk}: {first.steps.get(name='backtest').detail}")
    assert judged.data["per_model"] == first.steps.get(name="backtest").data["per_model"]
    assert (again.winner, again.winner_wape) == (first.winner, first.winner_wape)
    assert Backtest.objects.count() == ForecastIssue.objects.count() == 1
    # What serves is pointed at each time: somebody had moved it.
    served = first.steps.get(name="register").data["run_id"]
    assert Alias.objects.get().model_run_id == served
    assert again.steps.get(name="verify").outcome == "pass"
    assert again.steps.get(name="cleanup").outcome == "skip"
    # And the third one takes it over from the first, not from who took it over.
    assert taken(ran()) == dict.fromkeys(KEYED, first.pk)


def test_anew_computes_everything_and_comes_to_the_same(capsys: Any) -> None:
    first = ran()
    asked = ["--dataset", "shop", "--models", "naive,seasonal_naive", "--folds", "2"]

    call_command("run_showcase", *asked, "--horizon", "7", "--fresh", "--as", "alice", "--json")

    again = work_off(Run.objects.latest("pk"))
    assert again.config["reuse"] is False
    assert taken(again) == dict.fromkeys(KEYED)
    assert again.winner_wape == first.winner_wape
    assert Backtest.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [{"models": ["naive"]}, {"folds": 1}, {"horizon": 5}, {"metric": "mae"}, {"window": 60}],
    ids=lambda other: next(iter(other)),
)
def test_another_config_is_computed(other: dict[str, Any]) -> None:
    ran()

    assert taken(ran(**other)) == dict.fromkeys(KEYED)


def test_other_sales_and_other_software_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ran()
    make_version(make_sales(seed=8), by=first.requested_by)
    assert taken(ran()) == dict.fromkeys(KEYED)

    monkeypatch.setattr(np, "__version__", "99.0")

    assert taken(ran()) == dict.fromkeys(KEYED)


def test_what_is_not_there_any_more_is_computed() -> None:
    first = ran()
    artefacts.discard(Backtest.objects.get().serving)

    again = ran()

    # The model runs are there, but they belong to what is judged anew.
    assert taken(again) == dict.fromkeys(KEYED)
    assert again.winner_wape == first.winner_wape


@pytest.fixture
def reader() -> Iterator[list[bool]]:
    """A row of somebody else that reads the files which `features` leaves."""
    found: list[bool] = []

    def read(context: StepContext) -> Done:
        digests = context.results["features"]["temporary"]
        found.append(all(map(artefacts.has, digests)))
        return Done("Read.")

    row = PipelineStep("read", "data", "Read", read, after=("features",), before=("train",))
    with registry.contributing("pipeline_steps", row):
        yield found


def test_files_that_a_row_will_read_are_made_and_the_rest_is_taken_over(
    reader: list[bool],
) -> None:
    first = ran()

    again = ran()

    assert reader == [True, True]
    assert taken(again) == {**dict.fromkeys(KEYED, first.pk), "features": None}


def test_a_run_that_took_over_is_retried_from_what_it_took_over() -> None:
    ran()
    run = make_run(**SMALL)
    runs.stop(run, by=run.requested_by, at=timezone.now())  # type: ignore[arg-type]

    runs.retry(run, by=run.requested_by, at=timezone.now())

    assert work_off(run).status == "succeeded"
    assert taken(run)["train"] is not None
