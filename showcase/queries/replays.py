"""Replays as JSON: what commands print and the API answers; and resets in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from showcase.domain import resets
from showcase.domain.resets import Listing
from showcase.models import Run, Workspace

TABLES: Mapping[str, str | Promise] = {
    "run": _("Runs that nobody kept"),
    "step_run": _("Steps of runs"),
    "job": _("Jobs of runs"),
    "batch": _("Batches"),
    "batch_item": _("Items of batches"),
    "backtest": _("Backtests"),
    "model_run": _("Model runs"),
    "forecast_issue": _("Issues of forecasts"),
    "forecast": _("Forecasts of series"),
    "dataset_version": _("Versions of the sales"),
    "sales_fact": _("Rows of sales"),
}


def counts(listing: Listing) -> list[tuple[str | Promise, int]]:
    """Return how many rows of each table would go."""
    return [(TABLES[name], listing.counts.get(name, 0)) for name in resets.TABLES]


def told(run: Run) -> dict[str, Any]:
    """Say what came of a replay; `reproduced` is null for as long as nobody can tell."""
    kept = Workspace.objects.filter(run=run).first()
    result = (kept.reproduction if kept else None) or {"reproduced": None, "differences": []}
    return {
        "run": run.pk,
        "job": run.job_id,
        "status": run.status,
        "workspace": kept.name if kept else None,
        "mode": kept.replay_mode if kept else None,
        "replayed_from": _source(kept),
        **result,
        "seconds": run.seconds,
    }


def _source(kept: Workspace | None) -> str | None:
    """Return the name of the source: as it is now, else as it was when it was replayed."""
    if kept is None or not kept.ancestors:
        return None
    now = Workspace.objects.filter(key=kept.replayed_from).values_list("name", flat=True).first()
    return now or str(kept.ancestors[-1]["name"])
