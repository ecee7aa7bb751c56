from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Task

from forecastlab.jobs.queries import kinds
from tests.jobs_lab import job_kinds


@pytest.fixture(autouse=True)
def lab_kinds() -> Iterator[None]:
    found = (job_kinds.lab, job_kinds.lab_undo, job_kinds.lab_capped, job_kinds.lab_last)
    with kinds.registered(*found):
        yield


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """The messages to workers that would be sent, instead of Celery's sending them."""
    sent: list[dict[str, int]] = []

    def send(_task: Any, *_args: Any, kwargs: dict[str, int], **_options: Any) -> None:
        sent.append(kwargs)

    monkeypatch.setattr(Task, "apply_async", send)
    return sent
