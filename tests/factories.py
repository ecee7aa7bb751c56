from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job, JobStep
from forecastlab.jobs.services import jobs, leases
from forecastlab.jobs.services.leases import Lease
from forecastlab.lib import frames
from forecastlab.warehouse.domain import checks
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.models import Dataset, DatasetVersion, Series
from forecastlab.warehouse.services.profiling import Profiling
from showcase.models import Run, Workspace
from showcase.services import runs, workspaces

# -- accounts ----------------------------------------------------------------------------------


def make_user(
    username: str = "alice", *, role: str = "planner", password: str = "", **fields: Any
) -> User:
    """Make a person in `role` ("" for none); alice owns, bob reads, charlie is a stranger."""
    user = User.objects.create_user(username, password=password or None, **fields)
    if role:
        user.groups.add(make_group(role))
    return user


def make_group(name: str = "readers") -> Group:
    return Group.objects.get_or_create(name=name)[0]


# -- jobs --------------------------------------------------------------------------------------


def make_job(kind: str = "lab", *, exclusive: str = "", by: Any = None, **params: Any) -> Job:
    """Create a job of a kind of tests/jobs_lab; nobody works on it yet."""
    return jobs.create(kind, params=params, by=by, at=timezone.now(), exclusive=exclusive)


def claim_job(job: Job) -> tuple[Lease, JobStep]:
    """Take the lease of the step that is due."""
    due = JobStep.objects.filter(job=job, parent=None).exclude(due_at=None).get()
    claimed = leases.claim(due.pk, worker="tests//1", at=timezone.now())
    assert claimed is not None
    return claimed


def expire_lease(job: Job) -> None:
    """Let every lease of the job have run out a moment ago."""
    leased = JobStep.objects.filter(job=job).exclude(lease_until=None)
    leased.update(lease_until=timezone.now() - timedelta(seconds=1))


def run_job(job: Job, *, rounds: int = 50) -> Job:
    """Do what workers would do until the job wants none any more."""
    for _ in range(rounds):
        JobStep.objects.filter(job=job, status="pending").exclude(due_at=None).update(due_at=Now())
        due = JobStep.objects.filter(job=job).exclude(due_at=None).order_by("pk").first()
        if due is None:
            break
        jobs.advance_step(due.pk)
    job.refresh_from_db()
    return job


# -- forecasting -------------------------------------------------------------------------------


def make_sales(periods: int = 90, series: int = 3, *, seed: int = 7) -> np.ndarray[Any, Any]:
    """Draw whole numbers around a weekly season: periods down, series across."""
    draw = np.random.default_rng(seed)
    week = np.array([0.8, 0.9, 1.0, 1.0, 1.2, 1.5, 0.6])[np.arange(periods) % 7]
    level = draw.uniform(2, 40, series)
    return draw.poisson(week[:, None] * level).astype(float)


def make_version(
    sales: np.ndarray[Any, Any] | None = None,
    *,
    name: str = "shop",
    by: Any = None,
    frequency: str = "D",
    **columns: np.ndarray[Any, Any],
) -> DatasetVersion:
    """Store sales (periods x series, NaN is a missing row) as the next version of a dataset."""
    values = make_sales() if sales is None else sales
    periods, width = values.shape
    now = timezone.now()
    by = by or User.objects.filter(username="alice").first() or make_user()
    dataset, _ = Dataset.objects.get_or_create(
        name=name, defaults={"created_by": by, "created_at": now}
    )
    names = [f"S{place // 10}:P{place % 10}" for place in range(width)]
    for one in names:
        Series.objects.get_or_create(dataset=dataset, unique_id=one)
    ids = dict(Series.objects.filter(dataset=dataset).values_list("unique_id", "pk"))
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions.count() + 1,
        source="import",
        content_hash=hashlib.sha256(values.tobytes()).hexdigest(),
        frequency=frequency,
        epoch=datetime(2026, 1, 5, tzinfo=UTC),
        periods=periods,
        rows=int((~np.isnan(values)).sum()),
        series_count=width,
        created_by=by,
        created_at=now,
    )
    series = [ids[one] for one in names]
    _store_facts(version, series, {"quantity": values, **columns})
    return version


def _store_facts(
    version: DatasetVersion, series: list[int], columns: dict[str, np.ndarray[Any, Any]]
) -> None:
    places = np.argwhere(~np.isnan(columns["quantity"]))
    down, across = places[:, 0], places[:, 1]
    frame = pl.DataFrame(
        {
            "version_id": np.full(len(places), version.pk),
            "series_id": np.array(series)[across],
            "t": down.astype(np.int32),
            "quantity": columns["quantity"][down, across],
            **{
                name: one[down, across].astype(float)
                for name, one in columns.items()
                if name != "quantity"
            },
        }
    )
    frame = frame.cast({name: NUMBERS[name] for name in columns})
    table = f"warehouse_salesfact_v{version.pk}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {table} PARTITION OF warehouse_salesfact FOR VALUES IN ({version.pk})"
        )
    frames.copy_in(table, frame.columns, [frame])
    _store_profiles(version, series, frame)


def _store_profiles(version: DatasetVersion, series: list[int], facts: pl.DataFrame) -> None:
    """Say of the facts what an import says of them."""
    names = dict(Series.objects.filter(pk__in=series).values_list("pk", "unique_id"))
    ids = pl.DataFrame({"series_id": sorted(names)}).with_row_index("code")
    told = Profiling(
        version, ids.with_columns(unique_id=pl.Series([names[one] for one in ids["series_id"]]))
    )
    block = facts.join(ids, on="series_id").sort("code", "t")
    rows = checks.as_facts(block, 0)
    version.profile = {**checks.figures(rows), "columns": [one for one in NUMBERS if one in facts]}
    told.add(*told.look(rows))
    told.finish()


# -- showcase ----------------------------------------------------------------------------------


def make_run(*, by: Any = None, **options: Any) -> Run:
    """Start a run, over the dataset `shop` of `make_version` unless told otherwise."""
    by = by or User.objects.filter(username="alice").first() or make_user()
    if not {"dataset", "scenario"} & set(options):
        options["dataset"] = "shop"
        if not Dataset.objects.filter(name="shop").exists():
            make_version(by=by)
    return runs.start(options, by=by, at=timezone.now())


def work_off(run: Run) -> Run:
    """Do what workers would do until the run has ended or waits."""
    if run.job is not None:
        run_job(run.job)
    run.refresh_from_db()
    return run


def make_workspace(name: str = "rich-a", *, run: Run | None = None, **fields: Any) -> Workspace:
    """Keep a run, a new one over `shop` unless one is given, and let `fields` stand in its row."""
    run = run or make_run()
    by = run.requested_by or make_user()
    kept = workspaces.keep(run, name, by=by, at=timezone.now())
    Workspace.objects.filter(pk=kept.pk).update(**fields)
    return Workspace.objects.select_related("run").get(pk=kept.pk)
