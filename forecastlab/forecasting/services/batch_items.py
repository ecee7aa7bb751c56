"""One item of a batch: a model on a part of the scope, by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from forecastlab.events.services import log
from forecastlab.forecasting.domain import alone, shards, statuses
from forecastlab.forecasting.domain.alone import Alone
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Batch, BatchItem
from forecastlab.forecasting.queries.panels import Source
from forecastlab.forecasting.services import batches
from forecastlab.lib import figures
from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import (
    Done,
    LeaseLost,
    NewEvent,
    StepCancelled,
    StepContext,
    Transient,
)
from forecastlab.lib.errors import HouseError
from forecastlab.lib.moves import after, sources

PLACES = 6


def judge(context: StepContext, item_id: int) -> Done:
    """Judge an item and keep what came of it, a failure as well; what is judged already is kept."""
    item = BatchItem.objects.select_related("batch__version__dataset").get(pk=item_id)
    if item.status in sources(statuses.ITEM, "start"):
        _begin(context, item)
        _settle(context, item)
    return Done(f"{title_of(item.model)}, {item.title}: {item.status}", {"status": item.status})


def _begin(context: StepContext, item: BatchItem) -> None:
    with context.fenced():
        item.status = after(statuses.ITEM, item.status, "start")
        BatchItem.objects.filter(pk=item.pk).update(
            status=item.status, started_at=context.now, attempts=F("attempts") + 1, error=""
        )
        _tell(context, item, at=context.now)
    barrier("batch-item")


def _settle(context: StepContext, item: BatchItem) -> None:
    started = perf_counter()
    try:
        _succeed(item, _judged(context, item))
    except (LeaseLost, StepCancelled, Transient):
        raise
    except HouseError as error:
        fail(item, error.message)
    item.seconds = round(perf_counter() - started, 3)
    item.finished_at = context.now + timedelta(seconds=item.seconds)
    with context.fenced():
        item.save(
            update_fields=[
                *("status", "metrics", "wape", "judged", "skipped", "fallen", "error"),
                *("seconds", "finished_at"),
            ]
        )
        _tell(context, item, at=item.finished_at)


def _judged(context: StepContext, item: BatchItem) -> Alone:
    batch: Batch = item.batch
    config = batches.config_of(batch, item.model)
    text = _("%(model)s on %(part)s") % {"model": title_of(item.model), "part": item.title}
    context.report(0.05, text)
    panel = Source(batch.version).some(batch.parts[item.part]["series"]).panel
    work = shards.judging(config, panel.periods)
    return alone.judge(panel, config, work, lambda share: context.report(0.2 + 0.8 * share, text))


def _succeed(item: BatchItem, found: Alone) -> None:
    item.status = after(statuses.ITEM, item.status, "succeed")
    item.metrics = {name: _rounded(value) for name, value in found.values.items()}
    item.wape = item.metrics["wape"]
    item.judged, item.skipped, item.fallen = found.judged, found.skipped, found.fallen
    item.error = _fallen(found) if found.fallen else ""


def fail(item: BatchItem, message: str) -> None:
    """Let an item have failed; the caller stores it."""
    item.status = after(statuses.ITEM, item.status, "fail")
    item.error = message[:2000]


def _fallen(found: Alone) -> str:
    return _("Fell back on %(n)s series: %(reason)s") % {
        "n": figures.number(found.fallen),
        "reason": found.reason,
    }


def _rounded(value: float) -> float | None:
    return round(value, PLACES) if value == value else None


def _tell(context: StepContext, item: BatchItem, *, at: datetime) -> None:
    payload: dict[str, Any] = {"item": item.pk, "model": item.model, "part": item.title}
    news = NewEvent(item.batch.stream, f"item.{item.status}", payload)
    log.append([news], actor_id=context.actor_id, at=at)
