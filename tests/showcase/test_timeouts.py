"""Limits that a run was given: for each of its steps, and for all of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.jobs.models import JobStep
from forecastlab.jobs.services import jobs
from forecastlab.lib import figures, registry
from forecastlab.lib.contributions import (
    Done,
    FanOut,
    PipelineStep,
    StepContext,
    StepResult,
    Waiting,
)
from showcase.models import Run
from tests.factories import make_run, make_user, make_version, work_off

pytestmark = pytest.mark.django_db


def rise(context: StepContext) -> StepResult:
    """Take 2 s in all: half of it in each of two shards, one after the other."""
    if context.shard is None:
        return Done("Risen.") if context.shards else FanOut([{"index": 0}, {"index": 1}])
    ends = time.monotonic() + 1
    while time.monotonic() < ends:
        context.report(None, "Rising")
        time.sleep(0.05)
    return Done("Half risen.")


@pytest.fixture(autouse=True)
def dough() -> Iterator[None]:
    """Two rows that take their time, before anything that needs the data."""
    rows = [
        PipelineStep(name, "data", name, rise, after=("status",), before=("features",))
        for name in ("knead", "rise")
    ]
    with registry.contributing("pipeline_steps", *rows):
        yield


def outcomes(run: Run) -> dict[str, str]:
    return dict(run.steps.values_list("name", "outcome"))


def test_a_step_that_takes_too_long_fails_and_says_the_way_out(client: Client) -> None:
    run = work_off(make_run(models=["naive"], step_timeout=1))

    failed = run.steps.get(name="knead")
    assert (run.status, failed.outcome) == ("failed", "fail")
    assert "The step took longer than 1 s." in failed.detail
    assert "Go on from here, which starts the clock anew" in failed.detail
    assert failed.detail.endswith("or start a run with a longer step_timeout.")
    assert run.requested_by is not None
    client.force_login(run.requested_by)
    assert "from step 5 · knead" in client.get(run.get_absolute_url()).content.decode()


def test_the_time_of_a_run_is_up_after_all_of_its_steps_together() -> None:
    run = work_off(make_run(models=["naive"], run_timeout=3))

    failed = run.steps.get(outcome="fail")
    assert (run.status, failed.name) == ("failed", "rise")
    assert "The job took longer than the 3 s it was given. Go on from here" in failed.detail
    assert outcomes(run) | {"knead": "pass", "features": "", "cleanup": "skip"} == outcomes(run)


def test_time_in_which_a_run_waits_for_somebody_counts_against_no_limit() -> None:
    asked: list[str] = []

    def ask(context: StepContext) -> StepResult:
        asked.append(context.step)
        return Waiting("Is it risen?") if len(asked) == 1 else Done("It is.")

    row = PipelineStep("ask", "data", "ask", ask, after=("status",), before=("knead",))
    with registry.contributing("pipeline_steps", row):
        run = work_off(make_run(models=["naive"], step_timeout=3, run_timeout=3))
        assert run.status == "waiting"
        assert run.job is not None
        time.sleep(3.1)
        jobs.requeue(run.job, at=timezone.now())
        work_off(run)

    assert asked == ["ask", "ask"]
    assert outcomes(run)["ask"] == "pass"


def test_a_limit_holds_for_every_step_but_the_clean_up() -> None:
    run = make_run(models=["naive"], step_timeout=7)

    limits = dict(JobStep.objects.filter(job=run.job).values_list("name", "timeout_seconds"))
    assert limits.pop("cleanup") == 900
    assert set(limits.values()) == {7}


def test_the_form_offers_both_and_a_run_started_again_keeps_them(client: Client) -> None:
    alice = make_user()
    make_version(by=alice)
    client.force_login(alice)
    given = {"sales": "dataset:shop", "models": ["naive"], "step_timeout": "30", "fresh": "on"}

    answer = client.post(reverse("showcase:run-new"), given | {"run_timeout": "20"})
    assert "A step cannot be given 30 s in a run of 20 s." in answer.content.decode()
    answer = client.post(reverse("showcase:run-new"), given | {"run_timeout": "3600"})

    run = Run.objects.get()
    assert answer.headers["Location"] == run.get_absolute_url()
    assert (run.config["step_timeout"], run.config["run_timeout"]) == (30, 3600)
    assert run.config["reuse"] is False
    again = client.get(reverse("showcase:run-new"), {"from": run.pk}).content.decode()
    assert 'name="run_timeout" value="3600"' in again
    assert re.search(r'name="fresh"[^>]*checked', again)
    shown = client.get(run.get_absolute_url()).content.decode()
    assert figures.duration(3600) in shown
    assert "computed anew" in shown


def test_the_command_takes_both_and_refuses_what_is_out_of_bounds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_version()
    asked = ["--dataset", "shop", "--models", "naive", "--dry-run", "--json", "--as", "alice"]

    call_command("run_showcase", *asked, "--step-timeout", "60", "--run-timeout", "600")
    assert '"run_timeout": 600' in capsys.readouterr().out
    call_command("run_showcase", *asked)
    assert "timeout" not in capsys.readouterr().out

    with pytest.raises(SystemExit):
        call_command("run_showcase", *asked, "--step-timeout", "0")
    assert "0 is not a whole number from 1 to 21600." in "".join(capsys.readouterr())
