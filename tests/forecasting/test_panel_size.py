from __future__ import annotations

import pytest
from django.utils import timezone

from forecastlab.forecasting.services import forecasts
from forecastlab.warehouse.models import DatasetVersion
from tests.factories import make_user, make_version, run_job

pytestmark = pytest.mark.django_db


def test_a_calendar_that_no_memory_could_hold_is_refused_before_it_is_read() -> None:
    alice = make_user()
    version = make_version(by=alice)
    DatasetVersion.objects.filter(pk=version.pk).update(periods=300_000_000)
    version.refresh_from_db()

    job = run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))

    assert job.status == "failed"
    assert job.error["code"] == "panel_too_large"
    assert "300,000,000 periods" in job.error["detail"]
