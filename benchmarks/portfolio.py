"""A simulated portfolio, and the job that judges and forecasts it, for the benchmarks.

Starts PostgreSQL and Redis of its own when it is imported.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from typing import Any

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from django.utils import timezone  # noqa: E402

from forecastlab.forecasting.models import Alias, Backtest, ForecastIssue  # noqa: E402
from forecastlab.forecasting.services import forecasts  # noqa: E402
from forecastlab.jobs.models import Job  # noqa: E402
from forecastlab.warehouse.domain.simulator import config as simulator  # noqa: E402
from forecastlab.warehouse.models import DatasetVersion  # noqa: E402
from forecastlab.warehouse.services import simulations  # noqa: E402
from tests.factories import make_user, run_job  # noqa: E402

PRESET, PRODUCTS = "retail_standard", 500


def simulated(name: str, series: int, periods: int) -> DatasetVersion:
    """Simulate sales into the database; longer, and more stores, than a person may ask for."""
    products = min(PRODUCTS, series)
    knobs = {"stores": 1, "products": products}
    asked = simulator.build(PRESET, seed=42, as_of=date(2026, 11, 21), knobs=knobs)
    asked = replace(asked, window_days=periods - 1, stores=-(-series // products))
    job = run_job(simulations.start(name, asked, by=planner(), at=timezone.now()))
    if job.status != "succeeded":
        raise SystemExit(f"the simulation {job.status}: {job.error}")
    return DatasetVersion.objects.get(dataset__name=name)


def planner() -> Any:
    user_model = DatasetVersion._meta.get_field("created_by").related_model
    return user_model.objects.filter(username="alice").first() or make_user("alice")


def job_with(version: DatasetVersion, workers: int, horizon: int, *, reuse: bool = False) -> None:
    """Judge, refit and store forecasts with so many processes; print what it took.

    With `reuse` it takes over what earlier jobs have forecast.
    """
    Alias.objects.all().delete()  # or it would forecast by the verdict of before
    job = forecasts.start(version, horizon=horizon, alias="", by=planner(), at=timezone.now())
    Job.objects.filter(pk=job.pk).update(params={**job.params, "reuse": reuse})
    command = [sys.executable, "-m", "benchmarks.job_worker", str(job.pk)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, **pipes) for _ in range(workers)]
    for one in started:
        one.stdout.readline()
    began = time.perf_counter()
    for one in started:
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate()[0].split() for one in started]
    seconds = time.perf_counter() - began
    held, spent = [int(one[0]) for one in said], sum(float(one[1]) for one in said)
    job.refresh_from_db()
    if job.status != "succeeded":
        raise SystemExit(f"the job {job.status}: {job.error}")
    issue = ForecastIssue.objects.get(key=f"job.{job.pk}")
    told = Backtest.objects.get(key=f"job.{job.pk}").result
    print(
        f"  {workers} workers  {seconds:6.1f} s   {spent:.1f} s of processor   "
        f"{told['best_model']} {told['models'][told['best_model']]['wape']:.2f}   "
        f"{issue.series_count:,} series stored   "
        f"most held by a worker {max(held):,} MB, by all {sum(held):,} MB   "
        f"{100 * told['reused']:.0f} % taken over"
    )
    for step in job.steps.filter(parent=None).order_by("position"):
        took = (step.finished_at - step.started_at).total_seconds()
        print(f"    {step.name:<10} {took:6.1f} s")
