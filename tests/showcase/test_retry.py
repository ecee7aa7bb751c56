from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext, StepFailed
from showcase.models import Run
from showcase.services import runs
from tests.factories import make_run, make_version, run_job, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


class Oven:
    """A step that fails until somebody has lit it."""

    def __init__(self) -> None:
        self.is_lit = False

    def bake(self, _context: StepContext) -> Done:
        if not self.is_lit:
            raise StepFailed("The oven is cold.", hint="Light it.")
        return Done("Baked.")


@pytest.fixture
def oven() -> Iterator[Oven]:
    made = Oven()
    step = PipelineStep(
        "bake", "modeling", "Bake", made.bake, after=("train",), before=("backtest",)
    )
    with registry.contributing("pipeline_steps", step):
        yield made


def failed() -> Run:
    run = work_off(make_run(models=["naive"]))
    assert (run.status, run.steps.get(name="bake").outcome) == ("failed", "fail")
    return run


def page(client: Client, run: Run) -> str:
    return client.get(run.get_absolute_url()).content.decode()


def test_a_failed_run_goes_on_from_its_page_and_keeps_what_was_done(
    oven: Oven, client: Client
) -> None:
    run = failed()
    trained = run.steps.get(name="train").finished_at
    assert run.requested_by is not None
    client.force_login(run.requested_by)
    shown = page(client, run)
    assert '<option value="bake" selected>from step ' in shown
    assert '<option value="backtest"' not in shown
    oven.is_lit = True

    answer = client.post(reverse("showcase:run-retry", args=[run.pk]), {"step": "bake"})

    assert answer.headers["Location"] == run.get_absolute_url()
    run.refresh_from_db()
    assert (run.status, run.failed_step, run.seconds) == ("queued", None, None)
    run = work_off(run)
    assert (run.status, run.winner) == ("succeeded", "naive")
    assert run.steps.get(name="train").finished_at == trained
    assert 'value="bake"' not in page(client, run)


def test_a_run_whose_working_files_are_gone_makes_them_again(
    oven: Oven, capsys: pytest.CaptureFixture[str]
) -> None:
    run = failed()
    laid_out = run.steps.get(name="features")
    artefacts.discard(laid_out.data["temporary"][0])
    oven.is_lit = True

    call_command("retry_run", str(run.pk), "--as", "alice", "--from", "bake")

    assert str(run.pk) in capsys.readouterr().out
    run = work_off(run)
    assert run.status == "succeeded"
    assert run.steps.get(name="features").finished_at != laid_out.finished_at


def test_a_stopped_run_goes_on() -> None:
    run = make_run(models=["naive"])
    assert run.job is not None
    run_job(run.job, rounds=4)
    runs.stop(run, by=run.requested_by, at=timezone.now())
    assert work_off(run).status == "cancelled"

    runs.retry(run, by=run.requested_by, at=timezone.now())

    run = work_off(run)
    assert run.status == "succeeded"
    assert run.winner == "naive"


def test_a_run_goes_on_once_and_only_from_a_step_that_it_reached(
    oven: Oven, client: Client
) -> None:
    run = failed()
    assert run.requested_by is not None
    client.force_login(run.requested_by)
    address = reverse("showcase:run-retry", args=[run.pk])

    client.post(address, {"step": "register"})
    run.refresh_from_db()
    assert run.status == "failed"
    assert "cannot go on from &#x27;register&#x27;" in page(client, run)

    client.post(address)
    client.post(address)
    assert "there is nothing to go on with" in page(client, run)
    assert Job.objects.filter(pk=run.job_id, status="queued").exists()


def test_clearing_up_leaves_files_while_another_run_is_queued_to_go_on(oven: Oven) -> None:
    waits = failed()
    assert waits.requested_by is not None
    runs.retry(waits, by=waits.requested_by, at=timezone.now())
    make_version(by=waits.requested_by, name="other")
    oven.is_lit = True

    done = work_off(make_run(models=["naive"], dataset="other"))

    assert done.status == "succeeded"
    assert "another job may share them" in done.steps.get(name="cleanup").detail


@pytest.mark.usefixtures("oven")
def test_stopped_while_it_is_queued_to_go_on_a_run_clears_up_and_waits_for_nobody(
    client: Client,
) -> None:
    run = failed()
    holder = make_run(models=["naive"])
    assert run.requested_by is not None
    assert holder.job is not None
    run_job(holder.job, rounds=1)
    client.force_login(run.requested_by)
    client.post(reverse("showcase:run-retry", args=[run.pk]))
    assert work_off(run).status == "queued"

    client.post(reverse("showcase:run-stop", args=[run.pk]))
    work_off(run)

    assert run.status == "cancelled"
    assert run.steps.get(name="cleanup").outcome in {"pass", "skip"}
    holder.refresh_from_db()
    assert holder.status == "running"
