from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from forecastlab.jobs.models import JobStep
from forecastlab.jobs.services import jobs


@pytest.fixture(autouse=True)
def upload_root(settings: Any, tmp_path: Path) -> Path:
    """A folder for uploads and artefacts that a test can look into."""
    settings.ARTEFACT_ROOT = tmp_path / "artefacts"
    settings.UPLOAD_ROOT = settings.ARTEFACT_ROOT / "uploads"
    return Path(settings.UPLOAD_ROOT)


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A worker in a thread of its own, for tests that wait for a job."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.wait(0.01):
                due = JobStep.objects.filter(due_at__lte=Now(), lease_until=None).first()
                if due is not None:
                    jobs.advance_step(due.pk)
        except Exception:
            logging.exception("The worker of the tests died")
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()
