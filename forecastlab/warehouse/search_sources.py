from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.urls import reverse

from forecastlab.lib.contributions import SearchHit, SearchSource
from forecastlab.warehouse.models import Dataset, DatasetVersion, SeriesProfile


def _datasets(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    found = Dataset.objects.visible_to(user).called(text).order_by("name")
    return [
        SearchHit(one.name, one.get_absolute_url(), f"@{one.last_number}") for one in found[:most]
    ]


def _series(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    """Find series of the newest versions."""
    newest = (
        DatasetVersion.objects.visible_to(user)
        .order_by("dataset", "-number")
        .distinct("dataset")
        .values("pk")
    )
    found = (
        SeriesProfile.objects.filter(version__in=newest, unique_id__icontains=text)
        .annotate(dataset=F("version__dataset__name"), number=F("version__number"))
        .order_by("unique_id", "dataset")
    )
    rows = found.values_list("unique_id", "dataset", "number", "series_id")[:most]
    return [
        SearchHit(
            unique_id,
            reverse("warehouse:series-page", args=[dataset, number, series_id]),
            f"{dataset}@{number}",
        )
        for unique_id, dataset, number, series_id in rows
    ]


SERIES = SearchSource("series", "Series", "dataset.view", _series)
DATASETS = SearchSource("datasets", "Datasets", "dataset.view", _datasets)
