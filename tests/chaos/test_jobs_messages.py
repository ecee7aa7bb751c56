"""Messages lost, doubled and late; clocks doubled: nothing is lost, nothing happens twice."""

from __future__ import annotations

from itertools import pairwise

import pytest
import redis
from django.conf import settings
from django.db import connection

from forecastlab.jobs.models import Job
from forecastlab.jobs.tasks import advance_job, sweep_jobs
from tests.chaos.test_jobs_killed import marks_of, steps_done
from tests.factories import make_job
from tests.jobs_lab.workers import Lab, over, wait_for

pytestmark = pytest.mark.chaos

STEPS = ["one", "two", "three"]
MARKS = {name: {"mark": True} for name in STEPS}


def test_a_job_goes_through_real_workers(lab: Lab) -> None:
    lab.worker()

    job = over(make_job(folder=str(lab.folder)))

    assert job.status == "succeeded"
    assert lab.notes() == STEPS


def test_an_emptied_redis_loses_no_job(lab: Lab) -> None:
    queued = [make_job(folder=str(lab.folder), orders=MARKS) for _ in range(5)]
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    lab.worker()
    lab.beat()

    for job in queued:
        over(job)

    assert {job.status for job in queued} == {"succeeded"}
    assert len(lab.notes()) == 15


def test_a_redis_emptied_in_the_middle_loses_no_step(lab: Lab) -> None:
    lab.worker(size=2)
    lab.beat()
    lab.arm("inside-two")
    job = make_job(folder=str(lab.folder), orders=MARKS)
    lab.held_at("inside-two")

    redis.Redis.from_url(settings.REDIS_URL).flushall()
    lab.release("inside-two")
    over(job)

    assert job.status == "succeeded"
    assert lab.notes() == STEPS


def test_messages_delivered_many_times_do_every_step_once(lab: Lab) -> None:
    lab.worker("first", size=2)
    lab.worker("second", size=2)
    made = [make_job(folder=str(lab.folder), orders=MARKS) for _ in range(4)]
    for job in made * 10:
        advance_job.apply_async(kwargs={"job_id": job.pk}, queue="heavy")

    for job in made:
        over(job)

    assert all(steps_done(job) == STEPS and marks_of(job) == STEPS for job in made)
    assert sorted(lab.notes()) == sorted(STEPS * 4)


def test_doubled_clocks_do_every_step_once(lab: Lab) -> None:
    lab.worker(size=2)
    lab.beat()
    lab.beat()
    made = [make_job(folder=str(lab.folder), orders=MARKS) for _ in range(4)]
    for _ in range(20):
        sweep_jobs.apply_async()

    for job in made:
        over(job)

    assert sorted(lab.notes()) == sorted(STEPS * 4)


def test_a_slot_is_held_by_one_of_many_under_real_workers(lab: Lab) -> None:
    lab.worker(size=3)
    orders = {"one": {"do": "linger", "seconds": 0.2}}
    made = [
        make_job(exclusive="slot", steps=["one"], folder=str(lab.folder), orders=orders)
        for _ in range(4)
    ]

    for job in made:
        over(job)

    ordered = list(Job.objects.order_by("started_at"))
    assert ordered == made
    for earlier, later in pairwise(ordered):
        assert later.started_at is not None
        assert earlier.finished_at is not None
        assert earlier.finished_at <= later.started_at


def test_a_cancel_reaches_a_step_that_works(lab: Lab) -> None:
    lab.worker()
    orders = {"one": {"do": "linger", "seconds": 60}}
    job = make_job("lab_undo", folder=str(lab.folder), steps=["one"], orders=orders)
    wait_for(lambda: lab.notes() == ["one"], what="the step to begin")

    lab.cancel(job)
    over(job, within=20)

    assert job.status == "cancelled"
    assert lab.notes() == ["one", "compensated"]


def test_connections_cut_in_the_middle_cost_no_step_twice(lab: Lab) -> None:
    lab.worker()
    lab.beat()
    lab.arm("before-close")
    job = make_job(folder=str(lab.folder), orders=MARKS, lease_seconds=600)
    lab.held_at("before-close")

    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    lab.release("before-close")
    over(job)

    assert job.status == "succeeded"
    assert lab.notes() == STEPS
