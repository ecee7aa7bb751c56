"""The stream of a dataset: its versions as they come and go, and where its aliases point."""

from __future__ import annotations

from typing import Any

from forecastlab.accounts.services.access import may
from forecastlab.lib import texts
from forecastlab.lib.contributions import EventStream, LiveRegion
from forecastlab.warehouse.models import Dataset


def can_read(user: Any, key: str) -> bool:
    number = texts.number(key)
    if number is None or not may(user, "dataset.view"):
        return False
    return Dataset.objects.visible_to(user).filter(pk=number).exists()


def _versions_id(key: str) -> str:
    return f"dataset-{key}-versions"


DATASETS = EventStream(
    prefix="dataset",
    can_read=can_read,
    regions=(LiveRegion("versions", "fetch", _versions_id),),
)
