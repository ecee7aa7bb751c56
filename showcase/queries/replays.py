"""Replays as JSON: what commands print and the API answers; and resets in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from forecastlab.accounts.models import User
from showcase.domain.resets import Listing
from showcase.models import Run, Workspace
from showcase.queries import lineage

TABLES: Mapping[str, str | Promise] = {
    "run": _("Runs that nobody kept"),
    "step_run": _("Steps of runs"),
    "run_object": _("Notes of what runs made"),
    "job": _("Jobs of runs"),
    "job_step": _("Steps of jobs"),
    "step_log": _("Logs of steps"),
    "batch": _("Batches"),
    "batch_item": _("Items of batches"),
    "backtest": _("Backtests"),
    "series_score": _("Scores of series"),
    "slice_score": _("Scores of parts"),
    "champion": _("Champions of series"),
    "model_run": _("Model runs"),
    "forecast_issue": _("Issues of forecasts"),
    "forecast": _("Forecasts of series"),
    "dataset_version": _("Versions of the sales"),
    "signal": _("Signals of versions"),
    "series_profile": _("Profiles of series"),
    "sales_fact": _("Rows of sales"),
}


def counts(listing: Listing) -> list[tuple[str | Promise, int]]:
    """Return how many rows of each table would go; those of which none would are left out."""
    return [(_word(name), count) for name, count in listing.tables.items() if count]


def _word(table: str) -> str | Promise:
    return TABLES.get(table, table.replace("_", " ").capitalize())


def told(run: Run, *, viewer: User) -> dict[str, Any]:
    """Say what came of a replay; `reproduced` is null for as long as nobody can tell."""
    kept = Workspace.objects.filter(run=run).first()
    result = (kept.reproduction if kept else None) or {"reproduced": None, "differences": []}
    return {
        "run": run.pk,
        "job": run.job_id,
        "status": run.status,
        "workspace": kept.name if kept else None,
        "mode": kept.replay_mode if kept else None,
        "replayed_from": _source(kept, viewer),
        **result,
        "seconds": run.seconds,
    }


def _source(kept: Workspace | None, viewer: User) -> str | None:
    """Return the name of the source: as it is now, else as it was when it was replayed."""
    if kept is None or not kept.ancestors:
        return None
    there = Workspace.objects.visible_to(viewer).filter(key=kept.replayed_from)
    name: str | None = lineage.ancestors(kept, viewer=viewer)[-1]["name"]
    return there.values_list("name", flat=True).first() or name
