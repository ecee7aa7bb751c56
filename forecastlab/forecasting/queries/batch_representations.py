"""Batches as the JSON of the API and of commands, and as tables."""

from __future__ import annotations

from typing import Any

import polars as pl

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.metrics import METRICS
from forecastlab.forecasting.models import Batch, BatchItem
from forecastlab.forecasting.queries import batch_situations
from forecastlab.lib import cursors
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion

TABLE: dict[str, Any] = {
    "part": pl.String,
    "model": pl.String,
    "status": pl.String,
    "series": pl.Int64,
    "judged": pl.Int64,
    "skipped": pl.Int64,
    **dict.fromkeys(METRICS, pl.Float64),
    "attempts": pl.Int64,
    "seconds": pl.Float64,
    "error": pl.String,
}


def batch(one: Any) -> dict[str, Any]:
    """Return a batch of `for_lists`."""
    return {
        "batch": one.pk,
        "job": one.job_id,
        "dataset": one.version.ref,
        "content_hash": one.version.content_hash,
        "status": one.status,
        "kind": "preset" if one.preset else "manual",
        "preset": one.preset or None,
        **one.scope,
        "by": one.by,
        "models": one.model_names,
        "series_count": one.series_count,
        "config_hash": one.config_hash,
        "total_items": one.total,
        "completed_items": one.items_succeeded,
        "failed_items": one.items_failed,
        "cancelled_items": one.items_cancelled,
        "running_items": one.items_running,
        "queued_items": one.items_queued,
        "notes": one.notes,
        "requested_by": one.requested_by.username if one.requested_by else None,
        "created_at": one.created_at,
        "finished_at": one.finished_at,
        "seconds": one.seconds,
    }


def read(found: Batch) -> dict[str, Any]:
    """Return a batch with the number of its items as they are now."""
    return batch(Batch.objects.for_lists().get(pk=found.pk))


def listed(
    viewer: User, *, dataset: str, status: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return batches, newest first, and where the next page starts."""
    found = Batch.objects.visible_to(viewer).for_lists()
    if dataset:
        found = found.filter(version__dataset=warehouse.resolve(dataset, viewer).dataset)
    if status:
        _check(status, Batch.Status.values)
        found = found.filter(status=status)
    page, following = cursors.page(found, by="-pk", limit=limit, cursor=cursor)
    return [batch(one) for one in page], following


def items(
    found: Batch, *, status: str = "", limit: int, cursor: str = ""
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the items of a batch by their place, and where the next page starts."""
    rows = found.items.all()
    if status:
        _check(status, BatchItem.Status.values)
        rows = rows.filter(status=status)
    page, following = cursors.page(rows, by="place", limit=limit, cursor=cursor)
    return [item(one) for one in page], following


def item(one: BatchItem) -> dict[str, Any]:
    return {
        "item": one.place,
        "part": one.title,
        "model": one.model,
        "status": one.status,
        "series": one.series_count,
        "judged": one.judged,
        "skipped": one.skipped,
        "fallen_back": one.fallen,
        "metrics": one.metrics,
        "attempts": one.attempts,
        "seconds": one.seconds,
        "error": one.error or None,
    }


def table(found: Batch) -> pl.DataFrame:
    """Return one row an item, with every metric."""
    rows = [
        {**item(one), **{name: one.metrics.get(name) for name in METRICS}}
        for one in found.items.order_by("place")
    ]
    return pl.DataFrame([{name: one[name] for name in TABLE} for one in rows], schema=TABLE)


def presets(version: DatasetVersion) -> list[dict[str, Any]]:
    """Return the presets as they stand on a version."""
    return [
        {
            "preset": one.preset.name,
            "title": one.preset.title,
            "text": one.preset.text,
            "usable": not one.why_not,
            "reason": one.why_not,
        }
        for one in batch_situations.offers(version)
    ]


def _check(status: str, known: list[str]) -> None:
    if status not in known:
        raise BadInput(
            f"There is no status '{status}'.", hint=f"One of: {', '.join(known)}.", field="status"
        )
