"""How a job carries a batch: one shard an item, and what becomes of the batch with its job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import statuses
from forecastlab.forecasting.domain.batch_presets import PRESETS
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Batch, BatchItem
from forecastlab.forecasting.queries.batch_situations import PresetUnusable
from forecastlab.forecasting.services import batch_items, batches
from forecastlab.lib.contributions import (
    Done,
    FanOut,
    JobChange,
    NewEvent,
    Skipped,
    StepContext,
    StepFailed,
    StepResult,
)
from forecastlab.lib.errors import BadInput
from forecastlab.lib.moves import after, sources
from forecastlab.warehouse.services import versions

SWEEP = "quick_baseline_sweep"


def carry(context: StepContext) -> StepResult:
    """Judge the items of the batch that the job was made for."""
    if context.shard is not None:
        return batch_items.judge(context, int(context.shard["item"]))
    return _go_on(context, Batch.objects.get(pk=context.params["batch"]))


def sweep(context: StepContext) -> StepResult:
    """Judge the simple models on a few series of the run's sales, as a batch of its own."""
    if context.shard is not None:
        return batch_items.judge(context, int(context.shard["item"]))
    key = f"job.{context.job_id}.{context.step}"
    batch = Batch.objects.filter(key=key).first()
    if batch is None:
        try:
            batch = _made(context, key)
        except PresetUnusable as error:
            return Skipped(error.hint)
        except BadInput as error:
            return Skipped(error.message)
    return _go_on(context, batch)


def _made(context: StepContext, key: str) -> Batch:
    """Make the batch of this step, with the judgement that the run was asked for."""
    told = context.results.get("features", {}).get("config", {})
    asked = {name: told[name] for name in ("horizon", "folds", "step", "gap") if name in told}
    prepared = batches.prepare(versions.version_of(context), {"preset": SWEEP, **asked})
    with context.fenced():
        batch = batches.create(prepared, by_id=context.actor_id, at=context.now, key=key)
        Batch.objects.filter(pk=batch.pk).update(job=context.job_id)
    return batch


def _go_on(context: StepContext, batch: Batch) -> StepResult:
    if not context.shards:
        left = _left(context, batch)
        if left:
            return FanOut(left, detail=_("%(n)s items") % {"n": len(left)})
    _note_crashes(context, batch)
    return _told(batch)


def _left(context: StepContext, batch: Batch) -> list[dict[str, int]]:
    """Queue again what did not succeed, and return it as shards."""
    with context.fenced():
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if batch.is_active and batch.job_id not in (None, context.job_id):
            raise StepFailed(_("Batch %(n)s is under way in another job.") % {"n": batch.pk})
        if batch.status != Batch.Status.COMPLETED:
            batches.reopen(batch)
        Batch.objects.filter(pk=batch.pk).update(job=context.job_id)
    open_ones = batch.items.exclude(status=BatchItem.Status.SUCCEEDED).order_by("place")
    return [{"item": pk} for pk in open_ones.values_list("pk", flat=True)]


def _note_crashes(context: StepContext, batch: Batch) -> None:
    """Let items have failed whose shard did: a crash, or a worker that died again and again."""
    why = {one.shard["item"]: one.detail for one in context.shards}
    with context.fenced():
        undone = batch.items.filter(status__in=sources(statuses.ITEM, "cancel"))
        for item in undone.select_for_update():
            batch_items.fail(item, why.get(item.pk, _("It was not judged.")))
            item.save(update_fields=["status", "error"])


def _told(batch: Batch) -> Done:
    """Return what the step says; raises StepFailed where not one item succeeded."""
    data = data_of(batch)
    done, failed = data["completed_items"], data["failed_items"]
    if data["status"] == Batch.Status.FAILED:
        first = batch.items.exclude(error="").order_by("place").first()
        raise StepFailed(
            _("None of the %(n)s items could be judged.") % {"n": batch.total},
            hint=first.error if first else "",
        )
    text = _("%(done)s of %(total)s items judged") % {"done": done, "total": batch.total}
    return Done(text, data, warn=bool(failed))


def data_of(batch: Batch) -> dict[str, Any]:
    """Return what the pipeline shows of a batch that has come to its end."""
    counts = counts_of(batch)
    ending = after(statuses.BATCH, "running", statuses.verdict(counts, cancelled=False))
    best = batch.items.exclude(wape=None).values("title", "model", "wape").order_by("place")
    return {
        "batch_id": batch.pk,
        "kind": "preset" if batch.preset else "manual",
        "preset_source": batch.preset,
        "preset_title": PRESETS[batch.preset].title if batch.preset else "",
        "model_types": batch.model_names,
        "status": ending,
        "total_items": batch.total,
        "completed_items": counts.get(BatchItem.Status.SUCCEEDED, 0),
        "failed_items": counts.get(BatchItem.Status.FAILED, 0),
        "wins": _wins(best),
    }


def _wins(judged: Sequence[Mapping[str, Any]] | Any) -> list[dict[str, Any]]:
    """Return on how many parts each model had the least WAPE, most first; of equals the first."""
    least: dict[str, Mapping[str, Any]] = {}
    for one in judged:
        if one["title"] not in least or one["wape"] < least[one["title"]]["wape"]:
            least[one["title"]] = one
    names = [one["model"] for one in least.values()]
    ranked = sorted(set(names), key=lambda name: (-names.count(name), name))
    return [
        {
            "name": title_of(name),
            "share": round(names.count(name) / len(names), 4),
            "value": str(names.count(name)),
            "note": "",
        }
        for name in ranked
    ]


def counts_of(batch: Batch) -> dict[str, int]:
    """Return the number of items by status."""
    counted = batch.items.order_by().values_list("status").annotate(n=Count("pk"))
    return {str(status): int(n) for status, n in counted}


def follow(change: JobChange) -> Sequence[NewEvent]:
    """Let a batch follow the job, or the step of a run, that carries it."""
    found = Batch.objects.select_for_update(of=("self",)).filter(job=change.job_id).first()
    if found is None or not found.is_active:
        return ()
    if change.step is None:
        if change.status in ("failed", "cancelled"):
            return _end(found, change, cancelled=change.status == "cancelled")
        return [NewEvent(found.stream, "batch.changed")]  # such as that it is to stop
    if change.step_status == "done":
        return _end(found, change, cancelled=not change.outcome)
    if change.step_status == "pending" or found.status == Batch.Status.RUNNING:
        return ()
    found.status = after(statuses.BATCH, found.status, "start")
    found.started_at = change.at
    found.save(update_fields=["status", "started_at"])
    return [NewEvent(found.stream, "batch.running")]


def _end(batch: Batch, change: JobChange, *, cancelled: bool) -> Sequence[NewEvent]:
    undone = batch.items.filter(status__in=sources(statuses.ITEM, "cancel"))
    move, error = ("cancel", "") if cancelled else ("fail", change.detail)
    undone.update(status=after(statuses.ITEM, "queued", move), error=error[:2000])
    counts = counts_of(batch)
    move = statuses.verdict(counts, cancelled=cancelled)
    if batch.status == Batch.Status.QUEUED and move not in statuses.BATCH["queued"]:
        batch.status = after(statuses.BATCH, batch.status, "start")
    batch.status = after(statuses.BATCH, batch.status, move)
    batch.finished_at = change.at
    batch.seconds = (change.at - (batch.started_at or change.at)).total_seconds()
    batch.save(update_fields=["status", "finished_at", "seconds"])
    return [NewEvent(batch.stream, f"batch.{batch.status}", {"items": counts})]
