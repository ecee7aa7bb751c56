"""Stopped from the admin pages: seen at once, over soon, with everything cleared up."""

from __future__ import annotations

import pytest
from django.test import Client

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts
from tests.factories import make_job, make_run, make_user
from tests.jobs_lab.workers import Lab, over, wait_for

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


def asked_by(job: Job, kind: str) -> list[str]:
    """Return who asked to stop, as the job's own stream keeps it."""
    told = [one for one in events.after(job.stream, 0) if one.kind == kind]
    asked = [one for one in told if one.payload.get("detail", "").startswith("Asked to stop")]
    return [one.actor.get_username() for one in asked if one.actor]
