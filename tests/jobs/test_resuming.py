from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from forecastlab.events import queries as events
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import jobs, resuming
from forecastlab.jobs.services.resuming import NotResumable
from forecastlab.lib.contributions import Json
from forecastlab.lib.errors import BadInput
from tests.factories import make_job, run_job

pytestmark = pytest.mark.django_db
FAN = {"do": "fan", "shards": 3}


def order(job: Job, **orders: Json) -> None:
    """Change what the steps are told to do, as a repaired installation would."""
    Job.objects.filter(pk=job.pk).update(params={**job.params, "orders": orders})


def resume(job: Job, step: str = "") -> Job:
    return resuming.resume(job, step=step, by=None, at=timezone.now())


def names(job: Job) -> list[str]:
    return list(job.steps.main().order_by("position").values_list("name", flat=True))


def test_a_failed_job_goes_on_where_it_failed(tmp_path: Path) -> None:
    job = make_job(folder=str(tmp_path), orders={"two": {**FAN, "failing": [1]}})
    job = run_job(job)
    assert (job.status, job.error["step"]) == ("failed", "two")
    first = job.steps.get(name="one")
    (tmp_path / "notes").unlink()
    order(job, two=FAN)

    job = run_job(resume(job))

    assert (job.status, job.error, job.progress) == ("succeeded", {}, 100)
    assert job.steps.get(name="one").finished_at == first.finished_at
    done = {line.split()[0] for line in (tmp_path / "notes").read_text().splitlines()}
    assert "one" not in done
    assert {"two", "shard-0", "shard-1", "shard-2"} <= done
    said = [one.kind for one in events.after(job.stream, 0)]
    assert said.count("job.queued") == 2
    assert said.index("job.failed") < said.index("job.succeeded")


def test_it_may_go_on_from_an_earlier_step_and_from_no_later_one(tmp_path: Path) -> None:
    job = run_job(make_job(folder=str(tmp_path), orders={"two": {"do": "fail"}}))
    last = names(job)[-1]

    with pytest.raises(BadInput, match=f"cannot go on from '{last}'") as refused:
        resume(job, last)
    assert refused.value.field == "step"
    (tmp_path / "notes").unlink()
    job = resume(job, "one")

    assert (job.status, job.progress, job.started_at) == ("queued", 0, None)
    assert not job.steps.main().exclude(status="pending").exists()
    assert run_job(job).status == "failed"
    assert (tmp_path / "notes").read_text().startswith("one")


def test_a_stopped_job_goes_on() -> None:
    job = make_job()
    jobs.advance(job.pk)
    job = run_job(jobs.cancel(job, by=None, at=timezone.now()))
    assert job.status == "cancelled"

    job = run_job(resume(job))

    assert job.status == "succeeded"
    assert set(job.steps.values_list("outcome", flat=True)) == {"pass"}


def test_what_runs_what_is_well_and_what_was_undone_does_not_go_on() -> None:
    under_way, well = make_job(), run_job(make_job())
    undone = run_job(make_job("lab_undo", orders={"two": {"do": "fail"}}))
    assert undone.status == "failed"

    for job in (under_way, well, undone):
        with pytest.raises(NotResumable):
            resume(job)


def test_a_worker_of_the_first_try_writes_nothing_into_the_second() -> None:
    job = run_job(make_job(orders={"two": {"do": "fail"}}))
    fences = dict(job.steps.values_list("name", "fence"))

    resume(job)

    reopened = JobStep.objects.get(job=job, name="two")
    assert reopened.fence == fences["two"]
    jobs.advance(job.pk)
    reopened.refresh_from_db()
    assert reopened.fence == fences["two"] + 1
