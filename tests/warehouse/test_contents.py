"""What a version holds is counted again from its facts, as it was when they were loaded."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import contents, imports, simulations, uploads
from forecastlab.warehouse.services.imports import Options
from forecastlab.warehouse.services.simulations import Asked
from tests.factories import make_user, run_job

pytestmark = pytest.mark.django_db

HEAD = "store,product,date,sales,price,warmth,noise"
FIRST = ["A,1,2024-01-01,3,1.1,20,", "A,1,2024-01-03,,1.25,,5", "B,1,2024-01-02,7.5,,22,6"]
MORE = ["A,1,2024-01-02,2,1.3,19,1", "C,9,2024-01-05,1,2,,"]


def counted(job: Job) -> DatasetVersion:
    """Do what workers would do; return the version that is made, its facts counted."""
    assert run_job(job).status == "succeeded", job.error
    version = DatasetVersion.objects.latest("pk")
    assert contents.recomputed(version, lambda _share: None) == version.content_hash
    return version


def imported(rows: list[str], *, mode: str = "replace") -> DatasetVersion:
    text = "\n".join([HEAD, *rows]) + "\n"
    upload = uploads.receive([text.encode()], file_name="sales.csv")
    told = Options(signals=["warmth:known", "noise:observed"], mode=mode)
    by = make_user(f"u{Job.objects.count()}", role="admin")
    return counted(imports.start("shop", upload, options=told, by=by, at=timezone.now()))


def test_imported_and_merged_sales_are_counted_as_they_were() -> None:
    first = imported(FIRST)
    both = imported(MORE, mode="correct")

    assert first.signals.count() == 2
    assert both.content_hash != first.content_hash
    table = f"warehouse_salesfact_v{first.pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET signals[1] = 99")
    assert contents.recomputed(first, lambda _share: None) != first.content_hash


def test_simulated_sales_with_every_effect_are_counted_as_they_were() -> None:
    told: list[float] = []
    knobs = {"stores": 2, "products": 3, "window_days": 80}
    asked = Asked("showcase_rich", as_of=date(2026, 11, 20), knobs=knobs, enabled=("weather",))
    now = timezone.now()

    job = simulations.start("world", asked.config(now), by=make_user(), at=now)

    contents.recomputed(counted(job), told.append)
    assert told[-1] == 1.0
