"""The stream of a batch, and the parts of its page that follow it."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from forecastlab.accounts.services.access import may
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.queries import batch_pages
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "forecast.view"):
        return False
    return bool(Batch.objects.visible_to(user).filter(pk=number).exists())


def _progress(key: str) -> str:
    page = batch_pages.of(int(key))
    return render_to_string("forecasting/_batch_progress.html", {"page": page}) if page else ""


def _progress_id(key: str) -> str:
    return f"batch-{key}-progress"


def _items_id(key: str) -> str:
    return f"batch-{key}-items"


def _actions_id(key: str) -> str:
    return f"batch-{key}-actions"


BATCHES = EventStream(
    prefix="batch",
    can_read=can_read,
    regions=(
        LiveRegion("progress", "push", _progress_id, _progress),
        LiveRegion("items", "fetch", _items_id),
        LiveRegion("actions", "fetch", _actions_id),
    ),
)
