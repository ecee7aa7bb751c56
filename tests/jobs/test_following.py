from __future__ import annotations

import pytest

from forecastlab.jobs import health_checks
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.queries import kinds
from forecastlab.jobs.services import following, jobs
from forecastlab.lib.contributions import HealthCheck
from tests.factories import make_job, run_job

pytestmark = pytest.mark.django_db


def test_following_tells_each_change_once_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job()
    monkeypatch.setattr(following.time, "sleep", lambda _seconds: jobs.advance(job.pk))
    said: list[str] = []

    ended = following.follow(job.pk, said.append)

    assert ended.status == "succeeded"
    assert said == [f"Job {job.pk} is queued.", " 33 %", " 66 %"]


def test_ctrl_c_stops_the_following_not_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job()

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", interrupt)
    said: list[str] = []

    left = following.follow(job.pk, said.append)

    assert left.status == "queued"
    assert said[-1] == f"Job {job.pk} goes on without being followed."


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        kinds.UnknownKind, match=r"There is no job kind 'bake'\. Known kinds: .*lab"
    ):
        make_job("bake")


def test_a_broker_that_is_down_is_told_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forecastlab.jobs.gateways.messages_in", lambda _queue: None)

    with pytest.raises(jobs.BrokerDown, match="Redis does not answer"):
        make_job()

    assert not Job.objects.exists()


def test_health_names_queues_without_workers_and_steps_that_nobody_takes() -> None:
    job = make_job()
    JobStep.objects.filter(job=job).update(due_at="2026-01-01T00:00Z")
    workers, queues, *_others = health_checks.CHECKS

    assert isinstance(workers, HealthCheck)
    assert "No worker serves fast and heavy" in workers.check()
    assert f"the oldest of job {job.pk}" in queues.check()
    run_job(job)
    assert queues.check() == ""
