from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from forecastlab.jobs.queries import kinds
from tests.jobs_lab import job_kinds
from tests.jobs_lab.workers import Lab


@pytest.fixture
def lab(transactional_db: None, tmp_path: Path) -> Iterator[Lab]:
    """Real workers on this test's database; nothing is left of them afterwards."""
    _empty_redis()
    laboratory = Lab(tmp_path)
    with kinds.registered(job_kinds.lab, job_kinds.lab_undo, job_kinds.lab_capped):
        yield laboratory
        laboratory.stop()
    _empty_redis()


def _empty_redis() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushall()
