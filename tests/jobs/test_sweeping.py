from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Task
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from forecastlab.jobs.domain.liveness import Beat, is_gone
from forecastlab.jobs.models import Job, JobStep, WorkerHeartbeat
from forecastlab.jobs.services import heartbeats, jobs, leases, sweeping, workers
from forecastlab.lib import dispatch
from tests.factories import claim_job, expire_lease, make_job
from tests.jobs.concurrency import at_once

pytestmark = pytest.mark.django_db

Calls = list[dict[str, int]]


@pytest.fixture
def sweep(django_capture_on_commit_callbacks: Any, calls: Calls) -> Callable[[], Calls]:
    """Sweep, and return whom it called."""

    def run() -> Calls:
        calls.clear()
        with django_capture_on_commit_callbacks(execute=True):
            sweeping.sweep()
        return calls

    return run


def held_by(worker: str, **step: Any) -> Job:
    job = make_job()
    due = job.steps.get(position=0)
    leases.claim(due.pk, worker=worker, at=timezone.now())
    JobStep.objects.filter(pk=due.pk).update(**step)
    return job


def beat_of(name: str = "heavy@one", *, seconds_ago: float = 0, **fields: Any) -> None:
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    values = {"boot": "b1", "pids": [7], "started_at": seen, "seen_at": seen} | fields
    WorkerHeartbeat.objects.create(name=name, **values)


def test_a_lease_that_ran_out_is_freed_and_called_again(sweep: Callable[[], Calls]) -> None:
    job = make_job()
    claim_job(job)
    expire_lease(job)

    assert sweep() == [{"job_id": job.pk}]
    step = job.steps.get(position=0)
    assert (step.status, step.lease_until, step.fence) == ("pending", None, 2)


def test_what_lost_one_worker_is_called_before_all_that_has_not_begun_what_lost_two_is_not(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[bool] = []

    def send(_task: Any, *_args: Any, **options: Any) -> None:
        sent.append(options.get("priority") == dispatch.LATER)

    monkeypatch.setattr(Task, "apply_async", send)
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job("lab_last")
    for _ in range(2):
        claim_job(job)
        expire_lease(job)
        with django_capture_on_commit_callbacks(execute=True):
            sweeping.sweep()

    assert sent == [True, False, True]


def test_a_lease_of_a_living_worker_is_left_alone(sweep: Callable[[], Calls]) -> None:
    beat_of()
    job = held_by("heavy@one/b1/7", lease_until=timezone.now() + timedelta(seconds=500))

    assert sweep() == []
    assert job.steps.get(position=0).status == "running"


@pytest.mark.parametrize(
    "beat",
    [
        {"seconds_ago": 21},
        {"boot": "b2"},
        {"pids": [8], "seconds_ago": -5},
    ],
    ids=["silent", "replaced", "out of the pool"],
)
def test_the_lease_of_a_dead_worker_is_freed_at_once(
    sweep: Callable[[], Calls], beat: dict[str, Any]
) -> None:
    beat_of(**beat)
    job = held_by("heavy@one/b1/7", lease_until=timezone.now() + timedelta(seconds=500))

    assert sweep() == [{"job_id": job.pk}]


def test_a_process_that_was_just_forked_is_not_taken_for_dead() -> None:
    now = timezone.now()
    beat = Beat("b1", {7}, now, is_silent=False)

    assert not is_gone("heavy@one/b1/9", now - timedelta(seconds=1), {"heavy@one": beat})
    assert is_gone("heavy@one/b1/9", now - timedelta(seconds=3), {"heavy@one": beat})


def test_who_has_no_heartbeat_keeps_the_lease_until_it_runs_out() -> None:
    assert not is_gone("laptop//9", timezone.now(), {})


def test_a_lost_message_is_repeated(sweep: Callable[[], Calls]) -> None:
    job = make_job()
    assert sweep() == []
    JobStep.objects.filter(job=job).update(enqueued_at=timezone.now() - timedelta(seconds=11))

    assert sweep() == [{"job_id": job.pk}]
    assert sweep() == []


def test_a_message_that_still_waits_in_its_queue_is_not_repeated(
    sweep: Callable[[], Calls],
) -> None:
    broker = redis.Redis.from_url(django_settings.REDIS_URL)
    job = make_job()
    JobStep.objects.filter(job=job).update(enqueued_at=timezone.now() - timedelta(seconds=11))
    broker.rpush("heavy", "a message")

    called = list(sweep())
    broker.delete("heavy")

    assert called == []


def test_a_job_whose_slot_is_held_is_not_called(sweep: Callable[[], Calls]) -> None:
    holder, blocked = make_job(exclusive="slot"), make_job(exclusive="slot")
    jobs.advance(holder.pk)
    long_ago = timezone.now() - timedelta(seconds=11)
    JobStep.objects.exclude(due_at=None).update(enqueued_at=long_ago)

    assert {"job_id": blocked.pk} not in sweep()


def test_a_retry_that_is_due_is_called_if_its_message_was_lost(sweep: Callable[[], Calls]) -> None:
    job = make_job(orders={"one": {"do": "transient"}})
    jobs.advance(job.pk)
    long_ago = timezone.now() - timedelta(seconds=11)
    JobStep.objects.filter(job=job).exclude(due_at=None).update(
        due_at=long_ago, enqueued_at=long_ago
    )

    assert sweep() == [{"job_id": job.pk}]


@pytest.mark.django_db(transaction=True)
def test_a_second_sweep_at_the_same_time_does_nothing() -> None:
    job = make_job()
    claim_job(job)
    expire_lease(job)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [sweeping.LOCK])
        at_once([sweeping.sweep])

    assert job.steps.get(position=0).status == "running"


def test_a_heartbeat_is_one_row_that_names_the_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_node", None)
    first = workers.boot("heavy@one")
    heartbeats.beat(["heavy"], [1, 2])
    second = workers.boot("heavy@one")
    heartbeats.beat(["heavy"], [3])

    row = WorkerHeartbeat.objects.get()
    assert (row.boot, row.pids, row.queues) == (second, [3], ["heavy"])
    assert first != second
    assert workers.identity().startswith(f"heavy@one/{second}/")
