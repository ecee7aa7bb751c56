"""SIGKILL, by process id, at named places of the machinery; work goes on within 30 s."""

from __future__ import annotations

import os
import signal
import time

import pytest

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from tests.factories import make_job
from tests.jobs_lab.workers import Lab, kill_family, over, wait_for

pytestmark = pytest.mark.chaos

STEPS = ("one", "two", "three")
MARKS = {name: {"mark": True} for name in STEPS}
FAN = {"one": {"do": "fan", "shards": 3}, "two": {"mark": True}}


def steps_done(job: Job) -> list[str]:
    story = events.after(job.stream, 0)
    return [event.payload["step"] for event in story if event.kind == "step.done"]


def marks_of(job: Job) -> list[str]:
    return [event.kind for event in events.after(f"lab.{job.pk}", 0)]


@pytest.mark.parametrize(
    "place", ["after-claim", "inside-two", "in-fence-two", "before-close", "after-close"]
)
def test_a_killed_process_costs_a_repetition_and_nothing_else(lab: Lab, place: str) -> None:
    lab.worker()
    lab.beat()
    lab.arm(place)
    job = make_job(folder=str(lab.folder), orders=MARKS)

    os.kill(lab.held_at(place), signal.SIGKILL)
    over(job)

    assert job.status == "succeeded"
    assert steps_done(job) == list(STEPS)
    assert marks_of(job) == list(STEPS)


@pytest.mark.parametrize("place", ["inside-shard", "last-shard"])
def test_a_process_killed_in_a_shard_costs_that_shard_again(lab: Lab, place: str) -> None:
    lab.worker(size=2)
    lab.beat()
    lab.arm(place)
    job = make_job(folder=str(lab.folder), steps=["one", "two"], orders=FAN)

    os.kill(lab.held_at(place), signal.SIGKILL)
    over(job)

    assert job.status == "succeeded"
    assert job.steps.get(name="one", parent=None).data == {"sum": 3}
    begun = [note for note in lab.notes() if note.startswith("shard-")]
    assert (len(begun), set(begun)) == (4, {"shard-0", "shard-1", "shard-2"})
    assert steps_done(job) == ["one", "two"]


def test_a_whole_worker_dies_and_another_machine_goes_on(lab: Lab) -> None:
    first = lab.worker("first")
    lab.worker("second", queues="fast")
    lab.beat()
    lab.arm("inside-two")
    job = make_job(folder=str(lab.folder), orders=MARKS, lease_seconds=600)
    lab.held_at("inside-two")

    kill_family(first)
    lab.worker("third", queues="heavy")
    over(job)

    assert job.status == "succeeded"
    assert steps_done(job) == list(STEPS)


def test_a_worker_started_again_under_its_name_frees_what_it_held(lab: Lab) -> None:
    first = lab.worker("heavy", queues="heavy")
    lab.worker("fast", queues="fast")
    lab.beat()
    lab.arm("inside-two")
    job = make_job(folder=str(lab.folder), orders=MARKS, lease_seconds=600)
    lab.held_at("inside-two")

    kill_family(first)
    lab.worker("heavy", queues="heavy")
    over(job)

    assert job.status == "succeeded"
    assert marks_of(job) == list(STEPS)


def test_a_frozen_process_that_wakes_up_late_writes_nothing(lab: Lab) -> None:
    lab.worker("first")
    lab.worker("second")
    lab.beat()
    lab.arm("inside-one")
    job = make_job(folder=str(lab.folder), orders=MARKS, lease_seconds=2)
    frozen = lab.held_at("inside-one")
    os.kill(frozen, signal.SIGSTOP)

    over(job)
    story = events.head(job.stream)
    lab.release("inside-one")
    os.kill(frozen, signal.SIGCONT)
    wait_for(lambda: b"has taken" in lab.logs() or b"took" in lab.logs(), what="the zombie's end")

    assert events.head(job.stream) == story
    assert marks_of(job) == list(STEPS)


def test_a_step_that_always_kills_its_worker_ends_as_failed(lab: Lab) -> None:
    lab.env["LAB_STEP_ATTEMPTS"] = "2"
    lab.worker()
    lab.beat()

    job = over(make_job(folder=str(lab.folder), steps=["one"], orders={"one": {"do": "die"}}))

    assert job.status == "failed"
    assert "2 workers in a row stopped" in job.error["detail"]
    assert lab.notes() == ["one", "one"]


def test_a_step_that_hangs_without_a_word_is_interrupted(lab: Lab) -> None:
    lab.worker()
    orders = {"one": {"do": "hang"}}

    job = over(make_job(folder=str(lab.folder), timeout_seconds=1, steps=["one"], orders=orders))

    assert job.status == "failed"
    assert job.error["detail"] == "The step took longer than 1 s."


def test_with_the_shipped_patience_work_goes_on_within_30_seconds(lab: Lab) -> None:
    lab.env["LAB_PATIENCE"] = "shipped"
    first = lab.worker("first")
    lab.worker("second", queues="fast")
    lab.beat()
    lab.arm("inside-two")
    job = make_job(folder=str(lab.folder), lease_seconds=600)
    lab.held_at("inside-two")
    lab.worker("third", queues="heavy")

    killed = time.monotonic()
    kill_family(first)
    wait_for(lambda: lab.notes().count("two") == 2, what="the second try", within=30)
    over(job)

    assert time.monotonic() - killed < 32
