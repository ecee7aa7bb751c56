from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.events.services import log
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import closing, jobs, leases, running, sweeping
from forecastlab.jobs.services.closing import Ending
from forecastlab.jobs.services.reporting import Reporter, TimeLeft
from forecastlab.lib.contributions import LeaseLost, NewEvent
from tests.factories import claim_job, expire_lease, make_job, run_job
from tests.jobs.concurrency import at_once, overlapping

pytestmark = pytest.mark.django_db


def test_a_claim_raises_the_fence_and_lasts_as_declared() -> None:
    lease, step = claim_job(make_job(lease_seconds=40))

    assert (lease.fence, step.attempts, step.status) == (1, 1, "running")
    assert step.lease_until is not None
    assert step.claimed_at is not None
    assert (step.lease_until - step.claimed_at).total_seconds() == 40


def test_no_lease_is_longer_than_ten_minutes() -> None:
    job = make_job(lease_seconds=3600)

    assert job.steps.get(position=0).lease_seconds == 600


def test_a_held_step_is_not_claimed_again() -> None:
    _, step = claim_job(make_job())

    assert leases.claim(step.pk, worker="another", at=timezone.now()) is None


def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_fence() -> None:
    job = make_job()
    claim_job(job)
    expire_lease(job)

    lease, _ = claim_job(job)

    assert lease.fence == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_that_claim_at_once_one_gets_the_step() -> None:
    for _ in range(5):
        step_id = make_job().steps.get(position=0).pk

        claim = partial(leases.claim, step_id, worker="one of many", at=timezone.now())

        claims = at_once([claim] * 8)

        assert len([one for one in claims if one is not None]) == 1
        assert JobStep.objects.get(pk=step_id).fence == 1


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_waited_for_another_looks_again() -> None:
    step_id = make_job().steps.get(position=0).pk
    claim = partial(leases.claim, step_id, worker="one of two", at=timezone.now())

    first, second = overlapping(claim, claim)

    assert (first is not None, second) == (True, None)


def test_a_message_that_comes_before_the_pause_is_over_does_nothing() -> None:
    job = make_job(orders={"one": {"do": "transient"}})
    jobs.advance(job.pk)

    jobs.advance(job.pk)

    assert job.steps.get(position=0).attempts == 1


def test_a_zombie_that_wakes_up_late_writes_nothing() -> None:
    job = make_job()
    zombie, zombie_step = claim_job(job)
    expire_lease(job)
    claim_job(job)

    with pytest.raises(LeaseLost), leases.fenced(zombie):
        log.append([NewEvent("lab.1", "zombie")], actor_id=None, at=timezone.now())
    with pytest.raises(LeaseLost):
        closing.close(zombie, Ending("pass", "I did it"), at=timezone.now())
    with pytest.raises(LeaseLost):
        Reporter(zombie, zombie_step, TimeLeft(job=60))(0.9, "still here")

    step = job.steps.get(position=0)
    assert (step.status, step.progress, step.fence) == ("running", 0, 2)
    assert events.after("lab.1", 0) == []


def test_a_zombie_writes_nothing_even_when_its_step_failed_meanwhile() -> None:
    job = make_job(orders={"one": {"do": "fail"}})
    zombie, step = claim_job(job)
    expire_lease(job)
    claim_job(job)

    running.run(zombie, step, clock=timezone.now)

    assert job.steps.get(position=0).status == "running"


def test_a_freed_lease_stops_its_holder_before_anybody_else_has_come() -> None:
    job = make_job()
    lease, _ = claim_job(job)
    expire_lease(job)
    sweeping.sweep()

    with pytest.raises(LeaseLost), leases.fenced(lease):
        pass


@pytest.mark.django_db(transaction=True)
def test_nobody_takes_over_from_a_holder_who_is_writing() -> None:
    job = make_job()
    lease, step = claim_job(job)
    expire_lease(job)

    with leases.fenced(lease):
        at_once([sweeping.sweep])

    step.refresh_from_db()
    assert (step.fence, step.status) == (1, "running")


def test_writing_long_in_the_fence_renews_the_lease() -> None:
    job = make_job()
    lease, step = claim_job(job)
    expire_lease(job)

    with leases.fenced(lease):
        pass

    step.refresh_from_db()
    assert step.lease_until is not None
    assert step.lease_until > timezone.now()


def test_progress_renews_the_lease_at_most_as_often_as_set(settings: Any) -> None:
    settings.LEASE_RENEW_SECONDS = 0.15
    lease, step = claim_job(make_job())
    report = Reporter(lease, step, TimeLeft(job=60))
    untouched = JobStep.objects.get(pk=step.pk).lease_until
    report(0.1)
    first = JobStep.objects.get(pk=step.pk).lease_until
    _pause(0.2)

    report(0.2)

    assert first == untouched
    assert JobStep.objects.get(pk=step.pk).lease_until > first


def test_a_message_that_comes_twice_or_late_does_nothing() -> None:
    job = make_job()
    jobs.advance(job.pk)
    run_job(job)

    jobs.advance(job.pk)
    jobs.advance(job.pk + 1000)

    assert Job.objects.get(pk=job.pk).status == "succeeded"
    done = [one.kind for one in events.after(job.stream, 0)].count("step.done")
    assert done == 3


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
