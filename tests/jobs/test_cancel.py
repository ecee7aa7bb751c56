from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import closing, jobs, leases, resuming, sweeping
from forecastlab.jobs.services.closing import Ending
from forecastlab.jobs.services.reporting import Reporter, TimeLeft
from forecastlab.lib.contributions import LeaseLost, StepCancelled
from tests.factories import claim_job, expire_lease, make_job, make_user, run_job
from tests.jobs.concurrency import at_once, overlapping, overlapping_with

pytestmark = pytest.mark.django_db


def cancel(job: Job) -> Job:
    return jobs.cancel(job, by=None, at=timezone.now())


def test_a_queued_job_is_cancelled_at_once() -> None:
    job = cancel(make_job())

    assert job.status == "cancelled"
    assert not JobStep.objects.exclude(due_at=None).exists()


@pytest.mark.parametrize("begun", [False, True])
def test_who_asked_to_stop_is_the_actor_of_the_event(begun: bool) -> None:
    alice, bob = make_user(), make_user("bob")
    job = make_job(by=alice)
    if begun:
        jobs.advance(job.pk)

    jobs.cancel(job, by=bob, at=timezone.now())

    told = events.data_after(job.stream, 0)
    assert (told[0]["actor"], told[-1]["actor"]) == ("alice", "bob")


def test_cancel_is_read_between_steps() -> None:
    job = make_job()
    jobs.advance(job.pk)

    job = run_job(cancel(job))

    assert job.status == "cancelled"
    statuses = list(job.steps.order_by("position").values_list("status", "outcome"))
    assert statuses == [("done", "pass"), ("done", ""), ("pending", "")]


def test_cancel_is_read_inside_a_step() -> None:
    job = make_job()
    lease, step = claim_job(job)
    report = Reporter(lease, step, TimeLeft(job=60))
    cancel(job)

    with pytest.raises(StepCancelled):
        report(0.5)


def test_cancel_is_read_inside_the_fence() -> None:
    job = make_job()
    lease, step = claim_job(job)
    report = Reporter(lease, step, TimeLeft(job=60))
    cancel(job)

    with pytest.raises(StepCancelled), report.fenced():
        report(0.5)


def test_the_last_step_closes_as_it_ends_but_the_job_as_cancelled() -> None:
    job = make_job(steps=["one"])
    lease, _ = claim_job(job)
    cancel(job)

    closing.close(lease, Ending("pass"), at=timezone.now())

    job.refresh_from_db()
    assert job.status == "cancelled"


def test_cancelling_twice_or_after_the_end_changes_nothing() -> None:
    job = run_job(make_job())
    last = events.head(job.stream)

    assert cancel(job).status == "succeeded"
    assert cancel(job).cancel_requested is False
    assert events.head(job.stream) == last


def test_what_was_begun_is_undone_and_cleaned_up(tmp_path: Path) -> None:
    job = make_job("lab_undo", folder=str(tmp_path), steps=["one", "two", "always-tidy"])
    jobs.advance(job.pk)

    job = run_job(cancel(job))

    noted = [line.split()[0] for line in (tmp_path / "notes").read_text().splitlines()]
    assert job.status == "cancelled"
    assert sorted(noted) == ["always-tidy", "compensated", "one"]


def test_cancelling_a_job_that_pauses_before_another_try_does_not_wait_for_it() -> None:
    job = make_job(orders={"one": {"do": "transient"}})
    jobs.advance(job.pk)

    cancel(job)
    jobs.advance(job.pk)

    job.refresh_from_db()
    assert job.status == "cancelled"


def test_who_does_not_answer_a_stop_loses_the_step_soon(tmp_path: Path) -> None:
    job = make_job("lab_undo", folder=str(tmp_path), steps=["one"], lease_seconds=600)
    lease, step = claim_job(job)

    cancel(job)

    soon = timezone.now() + timedelta(seconds=jobs.ANSWER_SECONDS)
    (until,) = JobStep.objects.filter(job=job).values_list("lease_until", flat=True)
    assert until is not None
    assert until <= soon
    assert set(job.steps.values_list("queue", flat=True)) == {"fast"}
    expire_lease(job)
    sweeping.sweep()
    assert run_job(job).status == "cancelled"
    assert "compensated" in (tmp_path / "notes").read_text()
    with pytest.raises(LeaseLost):
        Reporter(lease, step, TimeLeft(job=60))(0.5)


@pytest.mark.django_db(transaction=True)
def test_whoever_is_writing_when_a_stop_comes_keeps_the_step() -> None:
    job = make_job(steps=["one"])
    lease, _ = claim_job(job)
    (until,) = JobStep.objects.filter(job=job).values_list("lease_until", flat=True)

    with leases.fenced(lease):
        at_once([partial(cancel, job)])
        assert JobStep.objects.get(job=job).lease_until == until

    job.refresh_from_db()
    assert (job.status, job.cancel_requested) == ("running", True)


def test_stopped_while_it_is_queued_to_go_on_a_job_clears_up_and_waits_for_nobody(
    tmp_path: Path,
) -> None:
    steps = ["one", "always-tidy"]
    fails = {"one": {"do": "fail"}}
    job = make_job(exclusive="slot", folder=str(tmp_path), steps=steps, orders=fails)
    run_job(job)
    holder = make_job(exclusive="slot", steps=["one"])
    claim_job(holder)
    resuming.resume(job, by=None, at=timezone.now())
    assert run_job(job).status == "queued"
    (tmp_path / "notes").unlink()

    job = run_job(cancel(job))

    assert job.status == "cancelled"
    assert (tmp_path / "notes").read_text().split()[0] == "always-tidy"
    resuming.resume(job, by=None, at=timezone.now())
    assert set(job.steps.values_list("queue", flat=True)) == {"heavy"}
    holder.refresh_from_db()
    assert (holder.status, holder.slot) == ("running", "slot")


def test_cancelling_a_waiting_job_lets_it_unwind(tmp_path: Path) -> None:
    job = make_job("lab_undo", folder=str(tmp_path), orders={"one": {"do": "wait"}})
    jobs.advance(job.pk)
    job.refresh_from_db()
    assert job.status == "waiting"

    job = run_job(cancel(job))

    assert job.status == "cancelled"
    assert "compensated" in (tmp_path / "notes").read_text()


def test_who_asked_is_in_the_story() -> None:
    alice = make_user()
    job = make_job(by=alice)
    jobs.advance(job.pk)

    jobs.cancel(job, by=alice, at=timezone.now())

    assert events.after(job.stream, 0)[-1].payload == {"detail": "Asked to stop by alice"}


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_comes_while_the_job_finishes_is_without_effect() -> None:
    job = make_job(steps=["one"])
    lease, _ = claim_job(job)

    overlapping(partial(_close, lease), partial(cancel, job))

    job.refresh_from_db()
    assert (job.status, job.cancel_requested) == ("succeeded", False)
    assert ends_of(job) == ["job.succeeded"]
    assert events.after(job.stream, 0)[-1].kind == "job.succeeded"


@pytest.mark.django_db(transaction=True)
def test_a_job_that_finishes_while_it_is_cancelled_is_cancelled() -> None:
    job = make_job(steps=["one"])
    lease, _ = claim_job(job)

    overlapping(partial(cancel, job), partial(_close, lease))

    job.refresh_from_db()
    assert (job.status, ends_of(job)) == ("cancelled", ["job.cancelled"])


@pytest.mark.django_db(transaction=True)
def test_a_step_that_is_already_closing_hears_of_a_cancel() -> None:
    job = make_job(steps=["one"])
    lease, _ = claim_job(job)

    overlapping_with(partial(leases.lock, lease), partial(cancel, job), partial(_close, lease))

    job.refresh_from_db()
    assert (job.status, ends_of(job)) == ("cancelled", ["job.cancelled"])


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_comes_while_the_job_starts_is_read_by_its_first_step() -> None:
    job = make_job(steps=["one"])

    overlapping(partial(claim_job, job), partial(cancel, job))  # type: ignore[type-var]

    job.refresh_from_db()
    assert (job.status, job.cancel_requested) == ("running", True)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_would_start_while_it_is_cancelled_does_not() -> None:
    job = make_job(steps=["one"])

    overlapping(partial(cancel, job), partial(jobs.advance, job.pk))  # type: ignore[type-var]

    job.refresh_from_db()
    assert (job.status, ends_of(job)) == ("cancelled", ["job.cancelled"])


@pytest.mark.django_db(transaction=True)
def test_cancelling_and_claiming_at_the_same_moment_never_deadlock() -> None:
    for _ in range(10):
        job = make_job(steps=["one"])

        at_once([partial(cancel, job), partial(jobs.advance, job.pk)])
        job = run_job(job)

        assert job.cancel_requested == (job.status == "cancelled")


def ends_of(job: Job) -> list[str]:
    return [one.kind for one in events.after(job.stream, 0) if one.kind in _ENDS]


_ENDS = {"job.succeeded", "job.failed", "job.cancelled"}


def _close(lease: leases.Lease) -> Job:
    closing.close(lease, Ending("pass"), at=timezone.now())
    return Job()
