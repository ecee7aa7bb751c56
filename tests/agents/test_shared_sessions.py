"""A session is seen by all who may see its dataset: what its tools answer must be fit for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Session
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.warehouse.models import Dataset
from forecastlab.warehouse.services import datasets
from tests.agents.door import Door
from tests.agents.fake_chat import FakeChat
from tests.factories import make_group, make_job, make_version

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Row 4 of mergers.csv: the price of Vela is no number."


@pytest.fixture
def shop(alice: User) -> Dataset:
    """A dataset of alice that the group `readers` sees; dora is of it."""
    dataset = make_version(name="shop", by=alice).dataset
    dataset.readers.add(make_group("readers"))
    return dataset


def failed(kind: str, dataset: str, by: User) -> int:
    """Store a job that has come to a halt over something that only its requester may know."""
    job = make_job(kind, by=by, dataset=dataset)
    Job.objects.filter(pk=job.pk).update(error={"code": "bad", "detail": SECRET})
    return job.pk


def ask(by: User, *calls: tuple[str, dict[str, Any]], over: str = "shop") -> Session:
    """Let a session make these calls."""
    message = " | ".join(f"{name} {json.dumps(given)}" for name, given in calls)
    return Door(by).ask(f"{message}; mark_resolved", skill="experiment", dataset=over)


def told(session: Session, *, to: User) -> list[dict[str, Any]]:
    """Return the calls as somebody is shown them who may see the session."""
    return list(Door(to).look(session)["invocations"])


def test_jobs_over_other_datasets_and_of_one_person_alone_are_told_to_nobody(
    chat: FakeChat, alice: User, dora: User, shop: Dataset
) -> None:
    make_version(name="board", by=alice).dataset.readers.add(make_group("board"))
    ours = make_job("backtest", by=alice, dataset="shop").pk
    hidden = [failed("backtest", "board", alice), failed("preview", "shop", alice)]
    hidden.append(failed("import-bundle", "shop", alice))

    session = ask(alice, ("list_jobs", {}), *[("read_job", {"job": pk}) for pk in (ours, *hidden)])

    listed, read, *refused = told(session, to=dora)[:-1]
    own = session.job_id
    assert [one["job"] for one in listed["result"]["items"]] == [own, ours]
    assert (read["state"], read["result"]["job"]) == ("succeeded", ours)
    assert [one["error"]["code"] for one in refused] == ["job_not_found"] * 3
    assert SECRET not in json.dumps(Door(dora).look(session))


def test_the_jobs_of_a_renamed_dataset_stay_its_own(
    chat: FakeChat, alice: User, dora: User, shop: Dataset
) -> None:
    before = make_job("backtest", by=alice, dataset="shop")
    jobs.cancel(before, by=alice, at=timezone.now())
    datasets.rename(shop, name="store", by=alice, at=timezone.now())
    make_version(name="other", by=alice)
    make_job("backtest", by=alice, dataset="other")

    session = ask(alice, ("list_jobs", {}), over="store")

    found = told(session, to=dora)[0]["result"]["items"]
    assert [one["job"] for one in found] == [session.job_id, before.pk]
