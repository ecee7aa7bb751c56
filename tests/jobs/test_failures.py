from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import jobs, sweeping
from forecastlab.jobs.services.reporting import Reporter, TimeLeft, TookTooLong
from forecastlab.lib.contributions import Done, FanOut, JobKind, JobStepPlan, StepResult, Waiting
from tests.factories import claim_job, expire_lease, make_job, run_job

pytestmark = pytest.mark.django_db


def outcomes(job: Job) -> list[str]:
    return [one.outcome or one.status for one in job.steps.order_by("position")]


def test_a_failed_step_fails_the_job_and_leaves_the_rest_undone() -> None:
    job = run_job(make_job(orders={"two": {"do": "fail"}}))

    assert job.status == "failed"
    assert outcomes(job) == ["pass", "fail", "pending"]
    assert job.error == {
        "code": "step_failed",
        "detail": "The oven is cold. Light it.",
        "step": "two",
    }


def test_clean_up_runs_after_a_failure(tmp_path: Path) -> None:
    job = make_job(
        "lab_undo",
        folder=str(tmp_path),
        steps=["one", "two", "always-tidy"],
        orders={"one": {"do": "fail"}},
    )

    job = run_job(job)

    assert job.status == "failed"
    assert outcomes(job) == ["fail", "pending", "pass", "pass"]
    assert "compensated" in (tmp_path / "notes").read_text()


def test_a_job_that_keeps_going_runs_what_follows_and_still_fails() -> None:
    job = run_job(make_job(keep_going=True, orders={"one": {"do": "fail"}}))

    assert (job.status, job.error["step"]) == ("failed", "one")
    assert outcomes(job) == ["fail", "pass", "pass"]


def test_a_crash_becomes_a_sentence_with_a_reference_that_the_log_explains(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        job = run_job(make_job(orders={"one": {"do": "crash"}}))

    detail = job.steps.get(position=0).detail
    assert "secret" not in detail
    reference = re.search(r"reference (\w{8})", detail)
    assert reference is not None
    assert reference[1] == job.error["reference"]
    assert reference[1] in caplog.text
    assert "ZeroDivisionError: secret" in caplog.text


def test_a_passing_failure_is_tried_again_after_a_pause() -> None:
    job = make_job(orders={"one": {"do": "transient"}})

    jobs.advance(job.pk)

    step = job.steps.get(position=0)
    assert (step.status, step.attempts, step.lease_until) == ("pending", 1, None)
    assert step.due_at is not None
    assert step.due_at > timezone.now()
    assert "The line is busy." in step.detail


def test_tries_are_bounded(settings: Any) -> None:
    settings.STEP_ATTEMPTS = 3

    job = run_job(make_job(orders={"one": {"do": "transient"}}))

    assert job.status == "failed"
    assert job.error["detail"] == "Given up after 3 tries: The line is busy."


def test_a_database_that_hiccups_is_a_passing_failure() -> None:
    tries: list[int] = []

    def hiccup(_context: object) -> StepResult:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("the connection is lost")
        return Done("third time lucky")

    job = run_job(_job_of(hiccup))

    assert (job.status, len(tries)) == ("succeeded", 3)


def test_a_step_that_always_kills_its_worker_ends_as_failed(settings: Any) -> None:
    settings.STEP_ATTEMPTS = 2
    job = make_job()
    for _ in range(2):
        claim_job(job)
        expire_lease(job)
        sweeping.sweep()

    job = run_job(job)

    assert job.status == "failed"
    assert job.error["detail"].startswith(
        "2 workers in a row stopped, or fell silent, in this step."
    )


def test_a_step_that_takes_too_long_is_stopped_where_it_reports() -> None:
    lease, step = claim_job(make_job(timeout_seconds=0))

    with pytest.raises(TookTooLong, match="The step took longer than 0 s"):
        Reporter(lease, step, TimeLeft(job=60))(0.5)


def test_a_job_that_takes_too_long_is_stopped_but_its_clean_up_is_not() -> None:
    lease, step = claim_job(make_job())
    with pytest.raises(TookTooLong, match="The job took longer"):
        Reporter(lease, step, TimeLeft(job=-1))(0.5)

    step.always = True
    Reporter(lease, step, TimeLeft(job=-1))(0.5)

    assert JobStep.objects.get(pk=step.pk).progress == 50


@pytest.mark.parametrize("misbehaviour", [FanOut([]), "again"])
def test_a_step_that_breaks_the_rules_fails_instead_of_hanging(misbehaviour: Any) -> None:
    def misbehave(context: Any) -> StepResult:
        if misbehaviour == "again":
            return Waiting("a shard may not") if context.shard else FanOut([{"index": 0}])
        return FanOut([])

    job = run_job(_job_of(misbehave))

    assert job.status == "failed"
    assert "A step may not return" in job.error["detail"]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "zero \0 byte"])
def test_a_result_that_cannot_be_stored_fails_the_step_at_once(value: Any) -> None:
    job = run_job(_job_of(lambda _context: Done("done", {"value": value})))

    assert (job.status, job.error["code"]) == ("failed", "crashed")


def test_a_step_that_the_code_no_longer_knows_fails_with_advice() -> None:
    job = make_job(steps=["one"])
    JobStep.objects.filter(job=job).update(name="forgotten")

    job = run_job(job)

    assert "does not know the step 'forgotten'" in job.error["detail"]


def _job_of(step: Any) -> Job:
    kind = JobKind("passing", "For one test", lambda _params: [JobStepPlan("one", step)])
    kinds._temporary["passing"] = kind
    return make_job("passing")


@pytest.fixture(autouse=True)
def _forget_kinds() -> Any:
    yield
    kinds._temporary.pop("passing", None)
