from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import closing, heartbeats
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext, StepFailed
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.warehouse.services.loading import NameTaken
from showcase.models import Run, StepRun
from showcase.services import runs
from tests.factories import (
    claim_job,
    make_group,
    make_run,
    make_user,
    make_version,
    run_job,
    work_off,
)

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def outcomes(run: Run) -> dict[str, str]:
    return dict(run.steps.in_order().values_list("name", "outcome"))


def make_step(name: str, run: object, **options: object) -> PipelineStep:
    return PipelineStep(name, "data", name.title(), run, **options)  # type: ignore[arg-type]


def fail(_context: StepContext) -> Done:
    raise StepFailed("The oven is cold.", hint="Light it.")


def warn(_context: StepContext) -> Done:
    return Done("Nearly burnt.", {"crust": 3}, warn=True)


# -- starting ---------------------------------------------------------------------------------


def test_a_started_run_keeps_its_config_its_steps_and_its_job() -> None:
    alice = make_user()
    version = make_version(by=alice)

    run = runs.start({"dataset": "shop", "seed": 7}, by=alice, at=AT)

    assert (run.status, run.version, run.requested_by) == ("queued", version, alice)
    assert (run.config["seed"], run.config["as_of"]) == (7, "2026-11-21")
    assert run.content_hash == version.content_hash
    assert run.steps.first() is not None
    assert run.job is not None
    assert run.job.params == {**run.config, "run": run.pk}
    assert [one.kind for one in events.after(run.stream, 0)] == ["run.queued"]


def test_equal_options_give_equal_config_hashes() -> None:
    first, second = make_run(), make_run(name="another name")

    assert first.config_hash == second.config_hash
    assert make_run(horizon=7).config_hash != first.config_hash


def test_a_dataset_that_nobody_may_see_does_not_exist() -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_version(by=alice).dataset.readers.add(make_group("readers"))

    with pytest.raises(NotFound, match="There is no dataset 'shop'"):
        runs.start({"dataset": "shop"}, by=charlie, at=AT)


def test_a_scenario_does_not_write_into_a_dataset_of_somebody_else() -> None:
    alice, charlie = make_user(), make_user("charlie")
    make_version(name="demo_minimal", by=alice).dataset.readers.add(make_group("readers"))

    with pytest.raises(NameTaken):
        runs.start({"scenario": "demo_minimal"}, by=charlie, at=AT)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"models": ["prophet"]}, "models"),
        ({"colour": "red"}, "colour"),
        ({"horizon": 90}, "horizon"),
        ({"folds": 6}, "folds"),
    ],
)
def test_what_cannot_be_run_leaves_nothing_behind(options: dict[str, object], field: str) -> None:
    make_version()

    with pytest.raises(BadInput) as refused:
        make_run(**options)

    assert refused.value.field == field
    assert not Run.objects.exists()
    assert not Job.objects.exists()


# -- one run per dataset ----------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_run_on_a_dataset_queues_and_starts_when_the_first_has_ended() -> None:
    first, second = make_run(), make_run()
    assert first.job is not None
    assert second.job is not None

    run_job(second.job, rounds=1)
    second.refresh_from_db()
    assert second.status == "queued"

    work_off(first)
    work_off(second)
    assert not second.is_active


def test_runs_on_other_datasets_do_not_wait_for_each_other() -> None:
    make_version(name="bakery")
    first, second = make_run(), make_run(dataset="bakery")
    assert second.job is not None

    run_job(second.job, rounds=1)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("queued", "running")


# -- mirroring --------------------------------------------------------------------------------


def test_outcomes_of_steps_are_kept_with_their_data_and_time() -> None:
    with registry.contributing("pipeline_steps", make_step("bake", warn)):
        run = work_off(make_run(models=["naive"]))

    step = run.steps.get(name="bake")
    assert (step.status, step.outcome, step.detail) == ("done", "warn", "Nearly burnt.")
    assert step.data == {"crust": 3}
    assert step.seconds is not None
    assert step.started_at is not None
    assert run.warnings >= 1


def test_a_failed_step_ends_the_run_after_its_clean_up() -> None:
    with registry.contributing("pipeline_steps", make_step("bake", fail, before=("features",))):
        run = work_off(make_run())

    bake = run.steps.get(name="bake")
    assert (run.status, run.failed_step) == ("failed", bake.index)
    assert (bake.outcome, bake.detail) == ("fail", "The oven is cold. Light it.")
    assert outcomes(run)["features"] == ""
    assert outcomes(run)["cleanup"] in {"pass", "skip"}


def test_a_run_that_keeps_going_skips_only_what_needs_the_failed_step() -> None:
    steps = (
        make_step("bake", fail, before=("features",)),
        make_step("slice", warn, after=("bake",)),
        make_step("lay_table", warn),
    )
    with registry.contributing("pipeline_steps", *steps):
        run = work_off(make_run(keep_going=True, models=["naive"]))

    found = outcomes(run)
    assert run.status == "failed"
    assert (found["bake"], found["slice"], found["lay_table"]) == ("fail", "skip", "warn")
    assert run.steps.get(name="slice").detail == "Needs bake, which failed."
    assert found["features"] == "pass"


def test_the_stream_of_a_run_tells_its_steps_in_order() -> None:
    run = work_off(make_run(models=["naive"]))

    told = [(one.kind, one.payload.get("step")) for one in events.after(run.stream, 0)]
    names = list(run.steps.in_order().values_list("name", flat=True))
    assert told[:2] == [("run.queued", None), ("run.running", None)]
    assert [name for kind, name in told if kind == "step.started"] == names
    assert [name for kind, name in told if kind == "step.finished"] == names
    assert told[-1] == ("run.succeeded", None)


def test_a_finished_run_names_its_winner_and_what_it_made() -> None:
    run = work_off(make_run(models=["naive", "seasonal_naive"]))

    assert run.status == "succeeded"
    assert run.winner in {"naive", "seasonal_naive"}
    assert run.result["winner"]["metric"] == "wape"
    assert run.result["winner"]["value"] == pytest.approx(run.winner_wape)
    assert run.seconds is not None
    assert {"backtest", "model_run", "forecast_issue"} <= set(
        run.made.values_list("kind", flat=True)
    )


def test_every_series_is_judged_or_skipped_with_a_reason() -> None:
    sales = np.column_stack([np.arange(90.0) % 7 + 1, np.zeros(90), np.full(90, np.nan)])
    sales[40, 2] = 5.0
    make_version(sales)

    run = work_off(make_run())

    data = run.steps.get(name="backtest").data
    assert data["series_judged"] + data["series_skipped"] == 3
    assert {one["reason"] for one in data["skipped"]} == {"all zeros", "one observation"}


@pytest.mark.parametrize("observed", [90, 1])
def test_sales_that_no_series_can_be_judged_on_fail_with_the_reason(observed: int) -> None:
    sales = np.full((90, 1), np.nan)
    sales[:observed] = 0
    make_version(sales)

    run = work_off(make_run())

    assert run.status == "failed"
    assert "No series can be judged" in run.steps.get(index=run.failed_step).detail


# -- stopping ---------------------------------------------------------------------------------


def test_a_queued_run_stops_at_once() -> None:
    alice = make_user()
    run = make_run(by=alice)

    runs.stop(run, by=alice, at=timezone.now())

    assert run.status == "cancelled"
    assert run.finished_at is not None
    assert events.after(run.stream, 0)[-1].kind == "run.cancelled"


def test_a_running_run_stops_at_its_next_step_and_clears_up() -> None:
    alice = make_user()
    run = make_run(by=alice)
    assert run.job is not None
    run_job(run.job, rounds=1)

    runs.stop(run, by=alice, at=timezone.now())
    work_off(run)

    assert run.status == "cancelled"
    assert outcomes(run)["cleanup"] in {"pass", "skip"}
    assert "run.stop_asked" in [one.kind for one in events.after(run.stream, 0)]


def test_a_stop_is_told_as_one_whatever_the_run_was_doing() -> None:
    alice = make_user()
    run = make_run(by=alice)
    assert run.job is not None
    closing.park(claim_job(run.job)[0], detail="Waiting for the baker", at=timezone.now())
    run.refresh_from_db()
    assert run.status == "waiting"

    runs.stop(run, by=alice, at=timezone.now())

    told = events.after(run.stream, 0)[-1]
    assert (told.kind, told.payload["detail"]) == ("run.stop_asked", "Asked to stop by alice")
    assert work_off(run).status == "cancelled"


def test_a_stopping_run_says_where_nobody_is_there_to_clear_up(client: Client) -> None:
    run = make_run()
    assert run.job is not None
    run_job(run.job, rounds=1)
    client.force_login(make_user("op", role="operator"))
    page = reverse("showcase:run", args=[run.pk])

    nobody = client.post(reverse("showcase:run-stop", args=[run.pk]), follow=True)
    job = client.get(run.job.get_absolute_url())
    heartbeats.beat(["fast", "heavy"], [1])
    somebody = client.get(page)

    assert "No worker is running." in nobody.content.decode()
    assert "No worker is running." in job.content.decode()
    assert "Stopping…" in somebody.content.decode()
    assert "No worker is running." not in somebody.content.decode()


def test_a_run_that_has_ended_cannot_be_stopped() -> None:
    alice = make_user()
    run = make_run(by=alice)
    runs.stop(run, by=alice, at=timezone.now())

    with pytest.raises(runs.RunFinished, match="has ended as cancelled"):
        runs.stop(run, by=alice, at=timezone.now())


# -- who sees it ------------------------------------------------------------------------------


def test_a_run_is_seen_by_whoever_may_read_its_dataset() -> None:
    alice, bob, charlie = make_user(), make_user("bob"), make_user("charlie")
    readers = make_group("readers")
    bob.groups.add(readers)
    make_version(by=alice).dataset.readers.add(readers)
    run = make_run(by=alice)

    for person, seen in ((alice, True), (bob, True), (charlie, False)):
        assert Run.objects.visible_to(person).filter(pk=run.pk).exists() is seen


def test_a_run_without_its_dataset_is_seen_by_who_asked_for_it() -> None:
    alice, bob = make_user(), make_user("bob")
    run = make_run(by=alice)
    Run.objects.filter(pk=run.pk).update(dataset=None, version=None)

    assert Run.objects.visible_to(alice).exists()
    assert not Run.objects.visible_to(bob).exists()


def test_steps_are_unique_by_name_and_place() -> None:
    run = make_run()

    assert run.steps.count() == StepRun.objects.values("name").distinct().count()


# -- clearing up ------------------------------------------------------------------------------


def temporary(run: Run) -> set[str]:
    data = run.steps.values_list("data", flat=True)
    return {digest for one in data for digest in one.get("temporary", ())}


def stored(digests: set[str]) -> int:
    return sum(1 for digest in digests if artefacts.discard(digest))


def test_a_run_that_succeeded_leaves_no_working_files() -> None:
    run = work_off(make_run(models=["naive"]))

    cleanup = run.steps.get(name="cleanup")
    assert cleanup.data["removed"] == len(temporary(run)) > 0
    assert stored(temporary(run)) == 0


def test_a_failed_run_keeps_what_its_finished_steps_made() -> None:
    with registry.contributing("pipeline_steps", make_step("bake", fail, after=("backtest",))):
        run = work_off(make_run(models=["naive"]))

    assert run.status == "failed"
    assert stored(temporary(run)) == len(temporary(run)) > 0


def test_working_files_stay_while_another_job_may_share_them() -> None:
    make_version(name="bakery")
    other = make_run(dataset="bakery")
    assert other.job is not None
    run_job(other.job, rounds=1)

    run = work_off(make_run(models=["naive"]))

    assert run.steps.get(name="cleanup").outcome == "skip"
    assert stored(temporary(run)) == len(temporary(run)) > 0
