"""A run whose data or code is gone ends as interrupted, says why, and cannot go on."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.jobs.models import JobStep
from forecastlab.lib import registry
from forecastlab.lib.contributions import Done, PipelineStep, StepContext, StepFailed
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions
from showcase.models import Run
from showcase.services import runs
from tests.factories import make_run, run_job, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def bake(_context: StepContext) -> Done:
    raise StepFailed("The oven is cold.")


BAKE = PipelineStep("bake", "data", "Bake", bake, after=("status",), before=("features",))


def failed() -> Run:
    """Make a run that failed in a row which the installation has no more afterwards."""
    with registry.contributing("pipeline_steps", BAKE):
        run = work_off(make_run(models=["naive"]))
    assert run.status == "failed"
    return run


def delete_sales(run: Run) -> None:
    """Delete the sales past the house, which would say that the run holds them."""
    assert run.version is not None
    with transaction.atomic():
        versions.drop_facts(run.version)


def retry(client: Client, run: Run) -> str:
    """Press the button of the run's page; return the page that comes then."""
    assert run.requested_by is not None
    client.force_login(run.requested_by)
    address = reverse("showcase:run-retry", args=[run.pk])
    return client.post(address, follow=True).content.decode()


def refusal(client: Client, run: Run) -> tuple[int, str, str]:
    """Ask over the API for the run to go on."""
    path = f"/api/v1/runs/{run.pk}/retry"
    answer = client.post(path, data={}, content_type="application/json")
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def test_a_run_whose_sales_were_deleted_does_not_go_on(client: Client) -> None:
    run = failed()
    delete_sales(run)

    page = retry(client, run)

    run.refresh_from_db()
    assert run.status == "interrupted"
    why = "Its sales, a version of shop, were deleted. Start a run over another version."
    assert page.count(why) == 2  # said once, and stands there
    assert "It was interrupted, and cannot go on." in page
    assert "run.interrupted" not in page  # the timeline has words
    assert 'id="retry-step"' not in page
    assert refusal(client, run) == (409, "run_interrupted", why)
    assert client.get(f"/api/v1/runs/{run.pk}").json()["gone"] == why
    assert events.after(run.stream, 0)[-1].kind == "run.interrupted"


def test_a_run_with_a_row_that_no_app_has_any_more_does_not_go_on(client: Client) -> None:
    run = failed()

    page = retry(client, run)

    run.refresh_from_db()
    assert run.status == "interrupted"
    assert "This installation has no row &#x27;bake&#x27; of" in page
    assert "Start it again: it gets the rows of today." in page


@pytest.mark.parametrize("keep_going", [False, True])
def test_a_run_that_comes_to_a_row_that_is_gone_ends_as_interrupted(
    client: Client, keep_going: bool
) -> None:
    with registry.contributing("pipeline_steps", BAKE):
        run = make_run(models=["naive"], keep_going=keep_going, horizon=7)
        assert run.job is not None
        run_job(run.job, rounds=3)
    assert JobStep.objects.get(job=run.job, name="bake").status == "pending"

    run = work_off(run)

    assert run.status == "interrupted"
    assert run.job is not None
    assert run.job.status == "failed"
    assert run.steps.get(name="bake").outcome == "fail"
    assert run.steps.get(name="features").outcome == ("pass" if keep_going else "")
    assert "does not know the step &#x27;bake&#x27;" in retry(client, run)


def test_a_run_whose_sales_vanish_under_way_ends_as_interrupted() -> None:
    run = make_run(models=["naive"])
    assert run.job is not None
    run_job(run.job, rounds=2)
    delete_sales(run)

    run = work_off(run)

    assert run.status == "interrupted"
    assert run.result["gone"].startswith("The sales of this run are gone.")


def test_simulated_sales_that_are_gone_are_simulated_again() -> None:
    knobs = {"stores": 2, "products": 2}
    with registry.contributing("pipeline_steps", BAKE):
        run = work_off(make_run(scenario="demo_minimal", models=["naive"], simulate=knobs))
        first = run.content_hash
        delete_sales(run)

        runs.retry(run, by=run.requested_by, at=timezone.now())
        run = work_off(run)

    assert (run.status, run.failed_step) == ("failed", run.steps.get(name="bake").index)
    assert run.version is not None
    assert DatasetVersion.objects.get().content_hash == first
