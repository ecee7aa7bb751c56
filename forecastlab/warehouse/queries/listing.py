"""The list of datasets: what is searched, sorted and counted there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from forecastlab.lib import cursors
from forecastlab.warehouse.domain.periods import Frequency
from forecastlab.warehouse.models import Dataset, DatasetQuerySet, DatasetVersion
from forecastlab.warehouse.queries import findings
from forecastlab.warehouse.queries.findings import Quality

PER_PAGE = 25
SORTS = {"name": "name", "rows": "rows", "series": "series_count", "loaded": "loaded_at"}
NEWEST = "-loaded"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; unheard-of words count as not asked."""

    search: str = ""
    frequency: str = ""
    sort: str = NEWEST
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.frequency)


@dataclass(frozen=True, slots=True)
class Row:
    dataset: Dataset
    version: DatasetVersion

    @property
    def quality(self) -> Quality:
        return findings.quality(self.version)


@dataclass(frozen=True, slots=True)
class DatasetList:
    rows: Sequence[Row]
    page: Page[Dataset]
    wanted: Wanted
    total: int

    @property
    def search(self) -> dict[str, Any]:
        return {"value": self.wanted.search, "hint": _("Name"), "label": _("Search datasets")}

    @property
    def hidden(self) -> list[tuple[str, str]]:
        return [("sort", self.wanted.sort)]

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The filters as `components/filters.html` wants them."""
        options = [(one.value, one.noun) for one in Frequency]
        chosen, label = self.wanted.frequency, _("Any frequency")
        return [{"name": "frequency", "label": label, "options": options, "chosen": chosen}]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Dataset"), "key": "name"},
            {"label": _("Rows"), "key": "rows", "numeric": True},
            {"label": _("Series"), "key": "series", "numeric": True, "wide": True},
            {"label": _("From"), "key": "", "wide": True},
            {"label": _("To"), "key": "", "wide": True},
            {"label": _("Every"), "key": "", "wide": True},
            {"label": _("Quality"), "key": ""},
            {"label": _("Loaded"), "key": "loaded", "numeric": True, "wide": True},
        ]


def wanted(given: Mapping[str, str]) -> Wanted:
    sort = given.get("sort", NEWEST)
    known = sort.removeprefix("-") in SORTS
    frequency = given.get("frequency", "")
    return Wanted(
        search=given.get("search", "")[:100],
        frequency=frequency if frequency in {one.value for one in Frequency} else "",
        sort=sort if known else NEWEST,
        page=given.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: Any) -> DatasetList:
    """Return one page of the datasets that `viewer` may see."""
    visible = _loaded(viewer)
    field = F(SORTS[asked.sort.removeprefix("-")])
    order = field.desc() if asked.sort.startswith("-") else field.asc()
    chosen = {"frequency": asked.frequency} if asked.frequency else {}
    found = visible.called(asked.search).filter(**chosen).order_by(order, "name")
    page = Paginator(found, PER_PAGE).get_page(asked.page)
    return DatasetList(_rows(page.object_list), page, asked, visible.count())


def described(
    viewer: Any, *, search: str = "", limit: int = cursors.USUAL, cursor: str = ""
) -> tuple[list[dict[str, Any]], str | None]:
    """Return datasets by name from after `cursor`, as the commands and the API tell them."""
    cursors.check(limit)
    found = _loaded(viewer).called(search).filter(name__gt=cursor).order_by("name")
    some = list(found[: limit + 1])
    following = some[limit - 1].name if len(some) > limit else None
    return [description(row.version) for row in _rows(some[:limit])], following


def description(version: DatasetVersion) -> dict[str, Any]:
    return {
        "dataset": version.dataset.name,
        "version": version.number,
        "content_hash": version.content_hash,
        "source": version.source,
        "rows": version.rows,
        "series": version.series_count,
        "first": version.first,
        "last": version.last,
        "frequency": version.frequency,
        "created_at": version.created_at,
    }


def of_version(version: DatasetVersion) -> dict[str, Any]:
    return {
        **description(version),
        "mode": version.mode,
        "parent": version.parent.number if version.parent else None,
        "difference": version.difference,
    }


def _loaded(viewer: Any) -> DatasetQuerySet:
    newest = DatasetVersion.objects.filter(dataset=OuterRef("pk")).order_by("-number")
    return Dataset.objects.visible_to(viewer).annotate(
        newest=Subquery(newest.values("pk")[:1]),
        rows=Subquery(newest.values("rows")[:1]),
        series_count=Subquery(newest.values("series_count")[:1]),
        loaded_at=Subquery(newest.values("created_at")[:1]),
        frequency=Subquery(newest.values("frequency")[:1]),
    )


def _rows(datasets: Any) -> list[Row]:
    wanted = {one.pk: one.newest for one in datasets}
    found = DatasetVersion.objects.select_related("dataset").in_bulk(
        [pk for pk in wanted.values() if pk]
    )
    return [Row(one, found[one.newest]) for one in datasets if one.newest in found]
