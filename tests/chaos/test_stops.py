"""Stopped, from the admin pages or with nobody at work: seen at once, over soon, cleared up."""

from __future__ import annotations

import os
import signal

import pytest
from django.test import Client

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts
from showcase.models import Run
from tests.factories import make_job, make_run, make_user
from tests.jobs_lab.workers import Lab, kill_family, over, wait_for

pytestmark = pytest.mark.chaos

VISIBLE, OVER = 2.0, 10.0


def press_stop(client: Client, page: str, pk: int) -> str:
    given = {"action": "stop", "_selected_action": [pk]}
    return client.post(f"/admin/{page}/", given, follow=True).content.decode()


def test_a_run_and_a_job_are_stopped_from_the_admin_pages(lab: Lab) -> None:
    lab.worker(size=2)
    client = Client()
    client.force_login(make_user("root", role="admin"))
    lab.arm("shard-trained")
    run = make_run(models=["naive"])
    linger = {"one": {"do": "linger", "seconds": 300.0}}
    job = make_job(folder=str(lab.folder), steps=["one", "always-tidy"], orders=linger)
    lab.held_at("shard-trained")
    wait_for(lambda: "one" in lab.notes(), what="the job to be at work")

    assert "1 run is being stopped." in press_stop(client, "showcase/run", run.pk)
    assert "1 job is being stopped." in press_stop(client, "jobs/job", job.pk)

    wait_for(
        lambda: b"Stopping" in client.get(run.get_absolute_url()).content,
        what="the stop to be seen",
        within=VISIBLE,
    )
    lab.release("shard-trained")
    assert run.job is not None
    assert over(run.job, within=OVER).status == "cancelled"
    assert over(job, within=OVER).status == "cancelled"
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert asked_by(run.job, "job.running") == asked_by(job, "job.running") == ["root"]
    assert run.steps.get(name="cleanup").outcome == "pass"
    laid_out = run.steps.get(name="features").data["temporary"]
    assert not any(artefacts.has(one) for one in laid_out)
    assert lab.notes()[-1] == "always-tidy"


def stopped(client: Client, run: Run) -> bytes:
    """Press Stop on the page of a run and return what it says then."""
    return client.post(f"/runs/{run.pk}/stop/", follow=True).content


def test_a_run_whose_workers_were_all_killed_is_over_soon_after_one_is_back(lab: Lab) -> None:
    lab.env["LAB_PATIENCE"] = "shipped"
    first = lab.worker(size=2)
    client = Client()
    client.force_login(make_user(role="planner"))
    lab.arm("shard-trained")
    run = make_run(models=["naive"])
    lab.held_at("shard-trained")

    kill_family(first)
    assert b"Stopping" in stopped(client, run)
    lab.release("shard-trained")
    lab.worker(size=2)

    assert run.job is not None
    assert over(run.job, within=OVER).status == "cancelled"
    assert run.steps.get(name="cleanup").outcome == "pass"


def test_a_run_whose_worker_does_not_answer_is_over_soon(lab: Lab) -> None:
    lab.env["LAB_PATIENCE"] = "shipped"
    lab.worker(size=2)
    client = Client()
    client.force_login(make_user(role="planner"))
    lab.arm("shard-trained")
    run = make_run(models=["naive"])
    frozen = lab.held_at("shard-trained")
    os.kill(frozen, signal.SIGSTOP)

    assert b"Stopping" in stopped(client, run)

    assert run.job is not None
    assert over(run.job, within=OVER).status == "cancelled"
    assert run.steps.get(name="cleanup").outcome == "pass"


def test_a_stop_does_not_wait_until_other_work_is_done(lab: Lab) -> None:
    lab.env["LAB_PATIENCE"] = "shipped"
    lab.worker("heavy", queues="heavy")
    lab.worker("fast", queues="fast")
    orders = {"one": {"do": "fan", "shards": 9, "seconds": 5.0}}
    other, job = (make_job(folder=str(lab.folder), orders=orders) for _ in range(2))
    wait_for(lambda: "shard-0" in lab.notes(), what="the other job to be at work")

    lab.cancel(job)

    assert over(job, within=OVER).status == "cancelled"
    other.refresh_from_db()
    assert other.status == "running"


def asked_by(job: Job, kind: str) -> list[str]:
    """Return who asked to stop, as the job's own stream keeps it."""
    told = [one for one in events.after(job.stream, 0) if one.kind == kind]
    asked = [one for one in told if one.payload.get("detail", "").startswith("Asked to stop")]
    return [one.actor.get_username() for one in asked if one.actor]
