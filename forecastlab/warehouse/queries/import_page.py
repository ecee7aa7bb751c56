"""How an import goes, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecastlab.jobs.models import Job
from forecastlab.jobs.queries import jobs as job_queries
from forecastlab.jobs.queries.jobs import JobNotFound, JobPage
from forecastlab.warehouse.models import ImportReport

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
        return self.report.problems if self.report else []


def of(job_id: int, user: Any) -> ImportPage:
    """Return the page of an import; raise JobNotFound when it is none or not visible."""
    job = job_queries.find(job_id, user)
    if job.kind not in KINDS:
        raise JobNotFound(f"Job {job_id} is not an import.")
    report = ImportReport.objects.select_related("version__dataset").filter(job_id=job_id).first()
    return ImportPage(job_queries.job_page(job), report)


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
