"""One version of a dataset: its figures, its siblings, and a page of its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from forecastlab.lib import dates
from forecastlab.lib.figures import number, percent
from forecastlab.warehouse import queries
from forecastlab.warehouse.models import Dataset, DatasetVersion, SalesFact, Series

PER_PAGE = 25
POINTS = 48


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series as one line of the table; `line` is drawn."""

    unique_id: str
    rows: int
    first: str
    last: str
    gaps: int
    zeros: int
    stockouts: int
    quantity: float
    line: Sequence[float]


@dataclass(frozen=True, slots=True)
class DatasetPage:
    version: DatasetVersion
    is_newest: bool
    rows: Sequence[SeriesRow]
    page: Page[Series]
    search: str

    @property
    def facts(self) -> list[str]:
        """Return the line under the title."""
        version = self.version
        return [
            _("%s rows") % number(version.rows),
            _("%s series") % number(version.series_count),
            dates.window(version.first, version.last),
            _("by %s") % version.calendar.frequency.noun,
        ]

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Return name and value of what the facts say about themselves."""
        profile, version = self.version.profile, self.version
        known = profile.get("stockout_known") or 0
        share = profile.get("stockout_sum", 0) / known if known else None
        return [
            {"label": _("Content hash"), "value": version.content_hash, "mono": True},
            {"label": _("Gaps"), "value": number(profile.get("gaps"))},
            {"label": _("Series with gaps"), "value": number(profile.get("gappy_series"))},
            {"label": _("Zeros"), "value": number(profile.get("zeros"))},
            {"label": _("Unknown quantities"), "value": number(profile.get("unknown"))},
            {"label": _("Negative quantities"), "value": number(profile.get("negative"))},
            {"label": _("Series without sales"), "value": number(profile.get("silent_series"))},
            {"label": _("Time out of stock"), "value": percent(share)},
            {"label": _("Columns"), "value": ", ".join(profile.get("columns", []))},
            {"label": _("Signals"), "value": ", ".join(self._signals()) or None},
            {"label": _("Best-selling series"), "value": profile.get("best_selling")},
        ]

    def _signals(self) -> list[str]:
        return [one.name for one in self.version.signals.order_by("position")]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Series")},
            {"label": _("Sales")},
            {"label": _("Rows"), "numeric": True, "wide": True},
            {"label": _("From"), "wide": True},
            {"label": _("To"), "wide": True},
            {"label": _("Gaps"), "numeric": True, "wide": True},
            {"label": _("Zeros"), "numeric": True, "wide": True},
            {"label": _("Stock-outs"), "numeric": True, "wide": True},
            {"label": _("Quantity"), "numeric": True},
        ]

    @property
    def run_url(self) -> str:
        """Return where a run over this version is started, "" where nothing offers that."""
        return _address("showcase:run-new", f"?dataset={self.version.ref}")

    @property
    def runs_url(self) -> str:
        return _address("showcase:runs", f"?dataset={self.version.dataset.name}")


def of(version: DatasetVersion, *, search: str = "", page: str = "1") -> DatasetPage:
    found = series_of(version)
    if search:
        found = found.filter(unique_id__icontains=search[:100])
    shown = Paginator(found.order_by("unique_id"), PER_PAGE).get_page(page)
    newest = version.dataset.versions.filter(number__gt=version.number)
    rows = _series_rows(version, shown.object_list)
    return DatasetPage(version, not newest.exists(), rows, shown, search)


def versions(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """Return the versions of a dataset, the newest first."""
    return dataset.versions.select_related("dataset", "created_by").order_by("-number")


def series_of(version: DatasetVersion) -> QuerySet[Series]:
    """Return the series that have facts in this version."""
    facts = SalesFact.objects.filter(version_id=version.pk, series_id=OuterRef("pk"))
    return Series.objects.filter(Exists(facts), dataset=version.dataset_id)


def _series_rows(version: DatasetVersion, shown: Any) -> list[SeriesRow]:
    names = {one.pk: one.unique_id for one in shown}
    facts = queries.facts(version, ("quantity", "stockout_share"), series_ids=list(names))
    told = facts.group_by("series_id", maintain_order=True).agg(
        rows=pl.len(),
        first=pl.col("t").min(),
        last=pl.col("t").max(),
        zeros=(pl.col("quantity") == 0).sum(),
        stockouts=(pl.col("stockout_share") > 0).sum(),
        quantity=pl.col("quantity").sum(),
    )
    lines = _lines(facts)
    return [
        SeriesRow(
            unique_id=names[one["series_id"]],
            rows=one["rows"],
            first=version.calendar.label(one["first"]),
            last=version.calendar.label(one["last"]),
            gaps=one["last"] - one["first"] + 1 - one["rows"],
            zeros=one["zeros"],
            stockouts=one["stockouts"],
            quantity=one["quantity"],
            line=lines[one["series_id"]],
        )
        for one in sorted(told.to_dicts(), key=lambda row: names[row["series_id"]])
    ]


def _lines(facts: pl.DataFrame) -> dict[int, list[float]]:
    """Return the mean sales of each series in at most POINTS stretches of time."""
    if facts.is_empty():
        return {}
    first, last = facts.select(first=pl.col("t").min(), last=pl.col("t").max()).row(0)
    width = max(1, -(-(last - first + 1) // POINTS))
    place = ((pl.col("t") - first) // width).alias("place")
    means = facts.group_by("series_id", place).agg(pl.col("quantity").mean())
    lists = means.sort("place").group_by("series_id").agg("quantity")
    return dict(lists.rows())


def _address(name: str, query: str) -> str:
    try:
        return reverse(name) + query
    except NoReverseMatch:
        return ""
