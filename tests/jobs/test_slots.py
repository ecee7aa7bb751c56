from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs as queries
from forecastlab.jobs.services import jobs
from tests.factories import make_job, run_job
from tests.jobs.concurrency import at_once, overlapping

pytestmark = pytest.mark.django_db


def make_exclusive(**params: object) -> Job:
    return make_job(exclusive="dataset.sales", **params)


def statuses() -> list[str]:
    return list(Job.objects.order_by("pk").values_list("status", flat=True))


def test_one_job_of_a_slot_runs_the_others_stay_queued_with_their_position() -> None:
    first, second, third = (make_exclusive() for _ in range(3))
    for job in (third, second, first, second):
        jobs.advance(job.pk)

    assert statuses() == ["running", "queued", "queued"]
    assert [queries.position(job) for job in (second, third)] == [1, 2]


def test_whoever_has_its_turn_waits_for_nobody() -> None:
    first, second = make_exclusive(), make_exclusive()

    assert [queries.position(job) for job in (first, second)] == [0, 1]
    assert queries.position_of_next("dataset.sales") == 2


def test_a_newer_holder_counts() -> None:
    older, newer = make_exclusive(), make_exclusive()
    Job.objects.filter(pk=newer.pk).update(status="running", slot="dataset.sales")

    assert queries.position(older) == 1
    jobs.advance(older.pk)
    older.refresh_from_db()
    assert older.status == "queued"


def test_the_oldest_has_its_turn_first() -> None:
    first, second = make_exclusive(), make_exclusive()

    jobs.advance(second.pk)
    jobs.advance(first.pk)

    assert statuses() == ["running", "queued"]


def test_the_next_one_is_called_when_the_slot_frees(
    django_capture_on_commit_callbacks: object, calls: list[dict[str, int]]
) -> None:
    first, second = make_exclusive(steps=["one"]), make_exclusive()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        jobs.advance(first.pk)

    assert {"job_id": second.pk} in calls
    assert run_job(second).status == "succeeded"


def test_cancelling_the_holder_frees_the_slot() -> None:
    first, second = make_exclusive(), make_exclusive()
    jobs.advance(first.pk)
    run_job(jobs.cancel(first, by=None, at=timezone.now()))

    jobs.advance(second.pk)

    assert statuses() == ["cancelled", "running"]


def test_a_waiting_job_keeps_its_slot_and_goes_on_before_the_queued(tmp_path: object) -> None:
    first = make_exclusive(folder=str(tmp_path), orders={"one": {"do": "wait"}})
    second = make_exclusive()
    jobs.advance(first.pk)
    jobs.advance(second.pk)
    assert statuses() == ["waiting", "queued"]

    jobs.requeue(first, at=timezone.now())
    jobs.advance(second.pk)
    jobs.advance(first.pk)

    assert statuses() == ["waiting", "queued"]


def test_the_database_refuses_two_holders_of_a_slot() -> None:
    first, second = make_exclusive(), make_exclusive()
    Job.objects.filter(pk=first.pk).update(slot="dataset.sales")

    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=second.pk).update(slot="dataset.sales")


@pytest.mark.django_db(transaction=True)
def test_of_two_that_start_together_one_gets_the_slot() -> None:
    first, second = make_exclusive(), make_exclusive(steps=["two"])
    Job.objects.filter(pk=first.pk).update(status="running")  # so that nobody is older in line

    overlapping(partial(_take_slot, first), partial(jobs.advance, second.pk))

    assert statuses() == ["running", "queued"]


@pytest.mark.django_db(transaction=True)
def test_of_many_that_start_at_once_one_gets_the_slot() -> None:
    many = [make_exclusive() for _ in range(6)]

    at_once([partial(jobs.advance, job.pk) for job in many])

    assert statuses().count("running") == 1


@pytest.mark.django_db(transaction=True)
def test_of_those_that_start_together_no_more_than_the_cap_run() -> None:
    first, second, third = (make_job("lab_capped") for _ in range(3))
    jobs.advance(first.pk)

    overlapping(partial(jobs.advance, second.pk), partial(jobs.advance, third.pk))

    assert statuses() == ["running", "running", "queued"]


def _take_slot(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(slot=job.exclusive)


def test_a_place_below_the_cap_calls_the_oldest_queued_of_the_kind(
    django_capture_on_commit_callbacks: object, calls: list[dict[str, int]]
) -> None:
    many = [make_job("lab_capped", steps=["one", "two"]) for _ in range(3)]
    for job in many:
        jobs.advance(job.pk)

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        jobs.advance(many[0].pk)

    assert {"job_id": many[2].pk} in calls
