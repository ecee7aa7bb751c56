from __future__ import annotations

from collections.abc import Iterator

import pytest

from forecastlab.jobs.services import kinds
from tests.jobs_lab import job_kinds


@pytest.fixture(autouse=True)
def lab_kinds() -> Iterator[None]:
    with kinds.registered(job_kinds.lab, job_kinds.lab_undo, job_kinds.lab_capped):
        yield
