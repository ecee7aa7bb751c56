"""The report that every import and simulation leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.domain import problems
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.models import DatasetVersion, ImportReport

Found = Sequence[dict[str, Any]]
Verdict = ImportReport.Verdict


def of_version(
    context: StepContext, version: DatasetVersion, *, made: bool, file_name: str, notes: Found
) -> ImportReport:
    """Keep what was loaded, in the transaction that loads it."""
    report, _made = ImportReport.objects.get_or_create(
        job_id=context.job_id,
        defaults={
            "dataset_name": version.dataset.name,
            "version": version,
            "verdict": Verdict.LOADED if made else Verdict.UNCHANGED,
            "file_name": file_name,
            "options": dict(context.params.get("options") or {}),
            "problems": list(notes),
            "figures": figures(version, notes),
            "created_by_id": context.actor_id,
            "created_at": context.now,
        },
    )
    return report


def of_refusal(context: StepContext, *, name: str, file_name: str, found: Found) -> ImportReport:
    """Keep why nothing was loaded."""
    with context.fenced():
        report, _made = ImportReport.objects.update_or_create(
            job_id=context.job_id,
            defaults={
                "dataset_name": name,
                "verdict": Verdict.REFUSED,
                "file_name": file_name,
                "options": dict(context.params.get("options") or {}),
                "problems": list(found),
                "created_by_id": context.actor_id,
                "created_at": context.now,
            },
        )
    return report


def unchanged(version: DatasetVersion) -> Problem:
    message = f"{version.ref} already holds exactly these facts; no new version was made."
    return problems.note("unchanged", message)


def figures(version: DatasetVersion, notes: Found) -> dict[str, Any]:
    """Return what the commands and the API tell of a version."""
    return {
        "dataset": version.dataset.name,
        "version": version.number,
        "content_hash": version.content_hash,
        "rows": version.rows,
        "series": version.series_count,
        "first": version.first,
        "last": version.last,
        "frequency": version.frequency,
        "mode": version.mode,
        "difference": {
            one: version.difference[one] for one in ("rows", "series") if one in version.difference
        },
        "problems": list(notes),
    }


def sentence(report: ImportReport) -> str:
    """Say in one line how it went."""
    told = report.figures
    if report.verdict == Verdict.UNCHANGED:
        return f"{told['dataset']}@{told['version']} already holds these facts"
    return (
        f"{told['dataset']}@{told['version']}: {told['rows']:,} rows, {told['series']:,} series, "
        f"{told['first']} to {told['last']}"
    )
