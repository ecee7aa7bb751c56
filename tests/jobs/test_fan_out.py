from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import closing, jobs, leases
from forecastlab.jobs.services.closing import Ending
from tests.factories import make_job, run_job
from tests.jobs.concurrency import at_once, overlapping

pytestmark = pytest.mark.django_db


def make_fanned(shards: int = 3, **orders: object) -> Job:
    """A job whose only step waits for its shards."""
    job = make_job(steps=["one"], orders={"one": {"do": "fan", "shards": shards, **orders}})
    jobs.advance(job.pk)
    return job


def parent_of(job: Job) -> JobStep:
    return job.steps.get(parent=None)


def test_a_step_that_fans_out_waits_without_a_worker() -> None:
    job = make_fanned()

    parent = parent_of(job)
    assert (parent.status, parent.due_at, parent.lease_until) == ("waiting", None, None)
    assert [one.shard["index"] for one in parent.shards.order_by("position")] == [0, 1, 2]


def test_shards_are_gathered_by_the_same_step() -> None:
    job = run_job(make_fanned(4))

    parent = parent_of(job)
    assert (job.status, job.progress) == ("succeeded", 100)
    assert (parent.outcome, parent.detail, parent.data) == ("pass", "gathered", {"sum": 6})


def test_shards_run_on_the_queue_that_the_fan_out_names() -> None:
    job = make_fanned()

    assert set(parent_of(job).shards.values_list("queue", flat=True)) == {"heavy"}


def test_each_shard_moves_the_progress() -> None:
    job = make_fanned(4)

    seen = []
    for shard in parent_of(job).shards.order_by("position"):
        jobs.advance_step(shard.pk)
        seen.append(Job.objects.get(pk=job.pk).progress)

    assert seen == [23, 47, 71, 95]


@pytest.mark.django_db(transaction=True)
def test_two_shards_that_close_together_wake_their_parent_once() -> None:
    job = make_fanned(2)
    parent = parent_of(job)
    first, second = (claim_step(shard) for shard in parent.shards.all())

    overlapping(partial(_close, first), partial(_close, second))

    parent.refresh_from_db()
    assert parent.status == "pending"
    assert parent.due_at is not None
    _run_gathering_twice(job)
    assert steps_done(job) == ["one"]


@pytest.mark.django_db(transaction=True)
def test_many_shards_that_close_together_wake_their_parent() -> None:
    parent = parent_of(make_fanned(6))
    held = [claim_step(shard) for shard in parent.shards.all()]

    at_once([partial(_close, lease) for lease in held])

    parent.refresh_from_db()
    assert parent.status == "pending"


def test_a_failed_shard_fails_the_step_after_the_others_have_ended() -> None:
    job = make_fanned(4, failing=[0])
    parent = parent_of(job)
    first, running, *_ = parent.shards.order_by("position")
    lease = claim_step(running)

    jobs.advance_step(first.pk)

    shards = parent.shards.order_by("position")
    assert [one.status for one in shards] == ["done", "running", "done", "done"]
    parent.refresh_from_db()
    assert parent.status == "waiting"

    _close(lease)
    job = run_job(job)

    parent.refresh_from_db()
    assert (job.status, parent.outcome) == ("failed", "fail")
    assert parent.detail == "1 of 4 shards failed: Shard 0 is burnt."


def test_a_failed_shard_of_an_isolated_step_fails_alone() -> None:
    orders = {"one": {"do": "fan", "shards": 4, "failing": [0, 2]}}

    job = run_job(make_job(steps=["one"], orders=orders, isolated=True))

    parent = parent_of(job)
    assert (job.status, parent.outcome, parent.data) == ("succeeded", "pass", {"sum": 4})
    ended = parent.shards.order_by("position").values_list("outcome", flat=True)
    assert list(ended) == ["fail", "pass", "fail", "pass"]


def test_a_cancelled_fan_out_drops_its_idle_shards_and_stops_the_others() -> None:
    job = make_fanned(3)
    parent = parent_of(job)
    lease = claim_step(parent.shards.get(position=0))

    jobs.cancel(job, by=None, at=timezone.now())
    closing.close(lease, closing.CANCELLED, at=timezone.now())
    job = run_job(job)

    assert job.status == "cancelled"
    assert set(parent.shards.values_list("status", "outcome")) == {("done", "")}


def test_cancelling_a_fan_out_that_nobody_works_on_ends_it_without_its_shards() -> None:
    job = make_fanned(3)

    jobs.cancel(job, by=None, at=timezone.now())
    jobs.advance(job.pk)

    job.refresh_from_db()
    assert job.status == "cancelled"


def test_shards_are_not_in_the_story_of_the_job() -> None:
    job = run_job(make_fanned(3))

    assert steps_done(job) == ["one"]


def steps_done(job: Job) -> list[str]:
    story = events.after(job.stream, 0)
    return [event.payload["step"] for event in story if event.kind == "step.done"]


def claim_step(step: JobStep) -> leases.Lease:
    claimed = leases.claim(step.pk, worker="tests//1", at=timezone.now())
    assert claimed is not None
    return claimed[0]


def _run_gathering_twice(job: Job) -> None:
    for _ in range(2):
        jobs.advance(job.pk)


def _close(lease: leases.Lease) -> None:
    closing.close(lease, Ending("pass", "done", {"index": 0}), at=timezone.now())
