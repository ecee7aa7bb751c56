"""Runs as JSON: what commands print and the API answers."""

from __future__ import annotations

from typing import Any

from showcase.models import Run


def short(run: Run) -> dict[str, Any]:
    """One item of a list of runs."""
    return {
        "run": run.pk,
        "name": run.name,
        "status": run.status,
        "dataset": run.version.ref if run.version else None,
        "scenario": run.scenario or None,
        "workspace": run.kept_as or None,
        "config_hash": run.config_hash,
        "winner": run.result.get("winner"),
        "winner_wape": run.winner_wape,
        "warnings": run.warnings,
        "failed_step": run.failed_step,
        "seconds": run.seconds,
        "started_by": run.requested_by.get_username() if run.requested_by else None,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def whole(run: Run) -> dict[str, Any]:
    """A run with its frozen config, its steps and its result."""
    return {
        **short(run),
        "job": run.job_id,
        "content_hash": run.content_hash or None,
        "gone": run.result.get("gone"),
        "frame_hash": run.frame_hash or None,
        "config": run.config,
        "steps": steps(run),
    }


def steps(run: Run) -> list[dict[str, Any]]:
    names = ("name", "phase", "index", "title", "contributed_by")
    return [
        {name: getattr(step, name) for name in names}
        | {
            "status": step.outcome or step.status,
            "detail": step.detail,
            "data": step.data,
            "seconds": step.seconds,
        }
        for step in run.steps.in_order()
    ]
