from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery import shared_task
from django.db import transaction

from forecastlab.celery import app
from forecastlab.lib import dispatch

pytestmark = pytest.mark.django_db(transaction=True)

ran: list[dict[str, Any]] = []


@shared_task(name="tests.note")
def note(*, job_id: int, text: str = "") -> None:
    ran.append({"job_id": job_id, "text": text, "bound": structlog.contextvars.get_contextvars()})


PATH = f"{__name__}.note"


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    ran.clear()
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def test_a_task_starts_when_the_transaction_has_committed() -> None:
    with transaction.atomic():
        dispatch.enqueue(PATH, job_id=7)
        before = list(ran)

    assert before == []
    assert [one["job_id"] for one in ran] == [7]


def test_a_task_of_a_rolled_back_transaction_never_starts() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        dispatch.enqueue(PATH, job_id=7)
        raise ZeroDivisionError

    assert ran == []


def test_a_path_that_leads_nowhere_fails_at_once() -> None:
    with pytest.raises(ImportError):
        dispatch.enqueue("forecastlab.nowhere.task", job_id=7)


def test_a_task_logs_under_its_name_and_ids() -> None:
    dispatch.enqueue(PATH, job_id=7, text="x")

    (one,) = ran
    assert one["bound"] == {"task": "tests.note", "job_id": 7}
    assert structlog.contextvars.get_contextvars() == {}
    assert json.dumps(one)
