"""One sample for every address with parameters: what stands there, and who may see it.

`tests/architecture/test_urls.py` calls the sample of an address with alice, who is the person to
be let in, and asks for the address by name. An address with parameters and without a sample fails.
An app adds its addresses below under its own heading. What it makes belongs to alice, or to
somebody else and is readable by her group `readers`; charlie is not in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.accounts.services import saved_views, tokens
from forecastlab.forecasting.models import Batch, ForecastIssue
from forecastlab.forecasting.services import batches, forecasts
from forecastlab.jobs.models import Job
from forecastlab.lib import artefacts
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.models import Dataset, DatasetVersion, ImportReport, SeriesProfile
from forecastlab.warehouse.services import import_profiles
from showcase.models import Run
from showcase.services import run_presets
from tests.factories import (
    make_group,
    make_job,
    make_run,
    make_user,
    make_version,
    make_workspace,
    run_job,
)


@dataclass(frozen=True)
class Sample:
    """Parameters of an address and what a request to it carries.

    `guarded`: a stranger gets 404. `body`: what a POST sends, as a form or, to the API, as JSON.
    """

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    guarded: bool = True


SAMPLES: dict[str, Callable[[User], Sample]] = {}


def sample(*names: str) -> Callable[[Callable[[User], Sample]], Callable[[User], Sample]]:
    """Register a function that makes the sample of the addresses `names`."""

    def register(make: Callable[[User], Sample]) -> Callable[[User], Sample]:
        SAMPLES.update(dict.fromkeys(names, make))
        return make

    return register


def guarded_version() -> DatasetVersion:
    """A dataset version of somebody else that only the group `readers` may read."""
    version = make_version(by=make_user("owner"))
    version.dataset.readers.add(make_group("readers"))
    return version


def guarded_run() -> Run:
    version = guarded_version()
    return make_run(by=version.created_by, dataset=version.dataset.name)


# -- accounts ----------------------------------------------------------------------------------


@sample("accounts:sign-in-link")
def a_spent_link(alice: User) -> Sample:
    return Sample({"secret": "spent"}, guarded=False)


@sample("accounts:token-revoke")
def a_token(alice: User) -> Sample:
    token, _secret = tokens.create(alice, name="scheduler", days=30, at=timezone.now())
    return Sample({"pk": token.pk})


@sample("accounts:view-save")
def a_view_to_save(alice: User) -> Sample:
    body = {"page": "showcase:runs", "name": "failed", "query": "status=failed"}
    return Sample(body=body, guarded=False)


@sample("accounts:view-delete")
def a_saved_view(alice: User) -> Sample:
    view = saved_views.save("failed", page="showcase:runs", query="status=failed", by=alice)
    return Sample({"pk": view.pk})


# -- events ------------------------------------------------------------------------------------


@sample("events:stream-events", "api:stream-events")
def a_stream(alice: User) -> Sample:
    return Sample({"stream": guarded_run().stream})


@sample("events:stream-poll")
def a_stream_to_poll(alice: User) -> Sample:
    return Sample(query={"stream": guarded_run().stream})


# -- showcase ----------------------------------------------------------------------------------


@sample(
    "showcase:run",
    "showcase:run-actions",
    "showcase:run-keep",
    "showcase:run-stop",
    "showcase:run-retry",
)
def a_run(alice: User) -> Sample:
    return Sample({"pk": guarded_run().pk})


@sample("showcase:run-step-log")
def a_log_of_a_step(alice: User) -> Sample:
    return Sample({"pk": guarded_run().pk, "step": "precheck"})


def run_preset(alice: User) -> str:
    """A run preset of alice's own; what others save is theirs."""
    options = {"scenario": "demo_minimal"}
    return run_presets.save("weekly", options, by=alice, at=timezone.now()).name


@sample("showcase:run-preset-delete", "api:run-preset")
def a_run_preset(alice: User) -> Sample:
    return Sample({"name": run_preset(alice)})


@sample("api:run-read", "api:run-cancel", "api:run-retry", "api:run-stream")
def a_run_of_the_api(alice: User) -> Sample:
    return Sample({"run_id": guarded_run().pk})


# -- jobs --------------------------------------------------------------------------------------


def guarded_job() -> Job:
    version = guarded_version()
    return make_job("import", by=version.created_by, dataset=version.dataset.name)


@sample("jobs:job", "jobs:job-actions", "jobs:job-cancel")
def a_job(alice: User) -> Sample:
    return Sample({"pk": guarded_job().pk})


@sample("api:job", "api:job-cancel")
def a_job_of_the_api(alice: User) -> Sample:
    return Sample({"job_id": guarded_job().pk})


# -- warehouse ---------------------------------------------------------------------------------


@sample("warehouse:dataset-page", "warehouse:dataset-versions", "api:dataset-versions")
def a_dataset(alice: User) -> Sample:
    return Sample({"name": guarded_version().dataset.name})


@sample("warehouse:dataset-calendar")
def a_calendar(alice: User) -> Sample:
    sample = a_dataset(alice)
    dataset = Dataset.objects.get(name=sample.kwargs["name"])
    dataset.calendar_days.create(day=date(2024, 1, 1), holiday=1, name="New Year")
    return sample


@sample("warehouse:dataset-calendar-download")
def a_calendar_to_download(alice: User) -> Sample:
    return Sample({**a_calendar(alice).kwargs, "suffix": "csv"})


@sample("warehouse:version-page")
def a_version(alice: User) -> Sample:
    version = guarded_version()
    return Sample({"name": version.dataset.name, "number": version.number})


@sample("warehouse:series-list")
def series_of_a_version(alice: User) -> Sample:
    return a_version(alice)


@sample("warehouse:version-download")
def a_version_to_download(alice: User) -> Sample:
    return Sample({**a_version(alice).kwargs, "table": "series", "suffix": "parquet"})


@sample("warehouse:series-page")
def a_series_of_a_version(alice: User) -> Sample:
    sample = a_version(alice)
    return Sample(
        {**sample.kwargs, "series_id": SeriesProfile.objects.earliest("series_id").series_id}
    )


@sample("warehouse:series-download")
def a_series_of_a_version_to_download(alice: User) -> Sample:
    return Sample({**a_series_of_a_version(alice).kwargs, "suffix": "csv"})


@sample("api:dataset-overview", "api:dataset-series-list")
def series_of_the_api(alice: User) -> Sample:
    return a_dataset(alice)


@sample("api:dataset-series")
def a_series_of_the_api(alice: User) -> Sample:
    kwargs = a_series_of_a_version(alice).kwargs
    return Sample({"name": kwargs["name"], "series_id": kwargs["series_id"]})


@sample("api:dataset-table")
def a_table_of_the_api(alice: User) -> Sample:
    return Sample({**a_dataset(alice).kwargs, "table": "facts", "suffix": "csv"})


@sample("warehouse:import-job", "warehouse:import-report", "warehouse:import-download")
def an_import(alice: User) -> Sample:
    job = guarded_job()
    version = DatasetVersion.objects.get()
    ImportReport.objects.create(
        job_id=job.pk,
        dataset_name=version.dataset.name,
        version=version,
        verdict="loaded",
        file_name="sales.csv",
        created_by=version.created_by,
        created_at=timezone.now(),
    )
    return Sample({"job_id": job.pk})


@sample("warehouse:truth-download")
def a_truth(alice: User) -> Sample:
    version = guarded_version()
    table = io.BytesIO()
    pl.DataFrame({"demand": [3.0], "lost": [1.0]}).write_parquet(table)
    version.truth = artefacts.put(table.getvalue())
    version.save(update_fields=["truth"])
    return Sample({"name": version.dataset.name, "number": version.number, "suffix": "parquet"})


@sample("warehouse:import-problems")
def problems_of_an_import(alice: User) -> Sample:
    return Sample({**an_import(alice).kwargs, "suffix": "csv"})


@sample(
    "warehouse:import-preview",
    "warehouse:import-preview-found",
    "warehouse:import-preview-stop",
    "warehouse:import-preview-accept",
)
def a_preview(alice: User) -> Sample:
    job = make_job("preview", by=alice, dataset="shop", upload="", file_name="s.csv", options={})
    return Sample({"job_id": job.pk})


@sample("warehouse:import-profile-delete")
def an_import_profile(alice: User) -> Sample:
    now = timezone.now()
    return Sample({"pk": import_profiles.save("mine", [], Options(), by=alice, at=now).pk})


def own_version(alice: User) -> DatasetVersion:
    """The second version of a dataset of alice's own, that nothing was made from."""
    make_version(by=alice)
    version = make_version(by=alice)
    version.dataset.readers.add(make_group("readers"))
    return version


@sample(
    "warehouse:dataset-history",
    "warehouse:version-compare",
    "warehouse:dataset-settings",
    "warehouse:dataset-rename",
    "warehouse:dataset-readers",
    "warehouse:dataset-delete",
)
def an_own_dataset(alice: User) -> Sample:
    name = own_version(alice).dataset.name
    return Sample({"name": name}, body={"name": "store", "typed": name})


@sample("warehouse:version-compare-download")
def a_comparison_to_download(alice: User) -> Sample:
    return Sample({"name": own_version(alice).dataset.name, "suffix": "csv"})


@sample("warehouse:version-delete")
def an_own_version(alice: User) -> Sample:
    version = own_version(alice)
    kwargs = {"name": version.dataset.name, "number": version.number}
    return Sample(kwargs, body={"typed": version.ref})


@sample("api:dataset")
def an_own_dataset_of_the_api(alice: User) -> Sample:
    name = own_version(alice).dataset.name
    return Sample({"name": name}, body={"confirm": name})


@sample("api:dataset-version")
def an_own_version_of_the_api(alice: User) -> Sample:
    version = own_version(alice)
    kwargs = {"name": version.dataset.name, "number": version.number}
    return Sample(kwargs, body={"confirm": version.ref})


@sample("api:dataset-difference")
def a_difference_of_the_api(alice: User) -> Sample:
    return Sample({"name": own_version(alice).dataset.name}, query={"before": 1, "after": 2})


# -- forecasting -------------------------------------------------------------------------------


def guarded_issue() -> ForecastIssue:
    """Forecasts of every series of a guarded version."""
    version = guarded_version()
    by, now = version.created_by, timezone.now()
    run_job(forecasts.start(version, horizon=7, alias="", by=by, at=now))
    return ForecastIssue.objects.get()


@sample("forecasting:issue")
def an_issue(alice: User) -> Sample:
    return Sample({"issue_id": guarded_issue().pk})


@sample("forecasting:issue-download")
def an_issue_to_download(alice: User) -> Sample:
    return Sample({"issue_id": guarded_issue().pk, "suffix": "csv"})


@sample("forecasting:series-page")
def a_series(alice: User) -> Sample:
    issue = guarded_issue()
    return Sample({"issue_id": issue.pk, "series_id": issue.forecasts.first().series_id})


@sample("forecasting:series-download")
def a_series_to_download(alice: User) -> Sample:
    return Sample({**a_series(alice).kwargs, "suffix": "parquet"})


@sample("forecasting:model-run", "forecasting:model-run-promote")
def a_model_run(alice: User) -> Sample:
    return Sample({"pk": guarded_issue().model_run_id})


@sample("forecasting:model-run-compare")
def two_model_runs(alice: User) -> Sample:
    run = guarded_issue().model_run_id
    return Sample({"pk": run, "other": run})


@sample("forecasting:backtest-download")
def a_backtest_to_download(alice: User) -> Sample:
    return Sample({"pk": guarded_issue().backtest_id, "table": "judged", "suffix": "csv"})


@sample("forecasting:backtest", "forecasting:champions", "forecasting:judged-series")
def a_backtest(alice: User) -> Sample:
    return Sample({"pk": guarded_issue().backtest_id})


@sample("forecasting:judged-series-page")
def a_judged_series(alice: User) -> Sample:
    issue = guarded_issue()
    series_id = issue.forecasts.first().series_id
    return Sample({"pk": issue.backtest_id, "series_id": series_id})


@sample("forecasting:judged-series-download")
def a_judged_series_to_download(alice: User) -> Sample:
    return Sample({**a_judged_series(alice).kwargs, "suffix": "csv"})


def guarded_batch() -> Batch:
    version = guarded_version()
    options = {"models": ["naive"], "horizon": 7, "by": "series"}
    return batches.start(version, options, by=version.created_by, at=timezone.now())


@sample(
    "forecasting:batch",
    "forecasting:batch-actions",
    "forecasting:batch-cancel",
    "forecasting:batch-retry",
)
def a_batch(alice: User) -> Sample:
    return Sample({"pk": guarded_batch().pk})


@sample("forecasting:batch-download")
def a_batch_to_download(alice: User) -> Sample:
    return Sample({**a_batch(alice).kwargs, "suffix": "csv"})


@sample("api:batch-read", "api:batch-items", "api:batch-cancel")
def a_batch_of_the_api(alice: User) -> Sample:
    return Sample({"batch_id": guarded_batch().pk})


@sample("api:batch-retry")
def a_stopped_batch_of_the_api(alice: User) -> Sample:
    batch = guarded_batch()
    batches.cancel(batch, by=batch.requested_by, at=timezone.now())
    return Sample({"batch_id": batch.pk})


@sample("api:batch-presets")
def presets_of_the_api(alice: User) -> Sample:
    return Sample(query={"dataset": guarded_version().dataset.name})


@sample("api:batch-start")
def a_dataset_to_judge_in_a_batch(alice: User) -> Sample:
    body = {"dataset": guarded_version().dataset.name, "models": ["naive"], "by": "series"}
    return Sample(body=body)


# -- streams -----------------------------------------------------------------------------------
# By prefix: a stream that only the group `readers`, in any role, may read.
STREAM_SAMPLES: dict[str, Callable[[], str]] = {
    "batch": lambda: guarded_batch().stream,
    "dataset": lambda: f"dataset.{guarded_version().dataset_id}",
    "job": lambda: f"job.{guarded_job().pk}",
    "run": lambda: guarded_run().stream,
    "runs": lambda: Run.LIST_STREAM,
    "workspace": lambda: make_workspace(run=guarded_run()).stream,
}
# Their events carry nothing: whoever has a role hears that there is news, not of what.
OPEN_STREAMS = frozenset({"approvals", "controls", "policies", "runs", "sessions"})
# Read by one person and the role admin; tested beside what they tell of.
PERSONAL_STREAMS = frozenset({"schedule"})


@sample("api:model-run-read", "api:model-run-gates")
def a_model_run_of_the_api(alice: User) -> Sample:
    return Sample({"model_run_id": guarded_issue().model_run_id})


@sample("api:model-run-compare")
def two_model_runs_of_the_api(alice: User) -> Sample:
    run = guarded_issue().model_run_id
    return Sample({"model_run_id": run, "other_id": run})


@sample("api:model-run-promote")
def a_model_run_to_promote(alice: User) -> Sample:
    served = guarded_issue().model_run
    other = served.backtest.model_runs.exclude(pk=served.pk).first()
    return Sample({"model_run_id": other.pk}, body={"acknowledged": ["worse_metric"]})


@sample("api:forecast-list")
def forecasts_of_the_api(alice: User) -> Sample:
    return Sample(query={"dataset": guarded_issue().version.dataset.name})


@sample("api:forecast-read")
def a_forecast_of_the_api(alice: User) -> Sample:
    issue = guarded_issue()
    first = issue.forecasts.select_related("series").first()
    query = {"dataset": issue.version.dataset.name, "unique_id": first.series.unique_id}
    return Sample(query=query)


@sample("api:forecast-start", "api:backtest-start")
def a_dataset_to_forecast(alice: User) -> Sample:
    return Sample(body={"dataset": guarded_version().dataset.name})
