"""How an import goes, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs as job_queries
from forecastlab.jobs.queries.jobs import JobNotFound, JobPage
from forecastlab.warehouse.models import ImportReport
from forecastlab.warehouse.queries import preview_page

KINDS = ("import", "simulate")


@dataclass(frozen=True, slots=True)
class ImportPage:
    page: JobPage
    report: ImportReport | None

    @property
    def job(self) -> Job:
        return self.page.job

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]:
        return [one for one in self._problems if one["level"] == "error"]

    @property
    def notes(self) -> Sequence[Mapping[str, Any]]:
        return [one for one in self._problems if one["level"] != "error"]

    @property
    def _problems(self) -> Sequence[Mapping[str, Any]]:
        return preview_page.worded(self.report.problems) if self.report else []


def of(job_id: int, user: Any) -> ImportPage:
    """Return the page of an import; raise JobNotFound when it is none or not visible."""
    job = job_queries.find(job_id, user)
    if job.kind not in KINDS:
        raise JobNotFound(f"Job {job_id} is not an import.")
    report = ImportReport.objects.select_related("version__dataset").filter(job_id=job_id).first()
    return ImportPage(job_queries.job_page(job), report)


def problems_of(job_id: int, user: Any) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return the dataset and the problems of an import or a preview; raise JobNotFound."""
    report = ImportReport.objects.visible_to(user).filter(job_id=job_id).first()
    if report is not None:
        return report.dataset_name, report.problems
    preview = preview_page.of(job_id, user)
    return preview.name, preview.problems


def problem_table(problems: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return a row for each place of each problem, and one for a problem without a place."""
    kinds = {"level": pl.String, "code": pl.String, "line": pl.Int64, "column": pl.String}
    schema = {**kinds, "value": pl.String, "count": pl.Int64, "message": pl.String}
    rows = [{**one, **place} for one in problems for place in one["places"] or [{}]]
    return pl.DataFrame([[one.get(key) for key in schema] for one in rows], schema, orient="row")


def downloadable(report: ImportReport) -> dict[str, Any]:
    """Return the report as it is downloaded."""
    return {
        "job": report.job_id,
        "dataset": report.dataset_name,
        "verdict": report.verdict,
        "file": report.file_name,
        "options": report.options,
        "created_at": report.created_at,
        "problems": report.problems,
        "figures": report.figures,
    }
