"""Series and overviews as the JSON of the API."""

from __future__ import annotations

from typing import Any

import polars as pl

from forecastlab.lib import downloads
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.warehouse.domain import profiles
from forecastlab.warehouse.domain.profiles import PATTERNS
from forecastlab.warehouse.models import DatasetVersion, SeriesProfile
from forecastlab.warehouse.queries import findings, series_list, tables
from forecastlab.warehouse.queries.series_list import Wanted


class FilterUnusable(BadInput):
    """There is no such order or filter."""

    code = "filter_unusable"


class NoSuchTable(NotFound):
    """There is no such table to take away."""

    code = "no_such_table"


def overview(version: DatasetVersion) -> dict[str, Any]:
    """Return the figures of a version, what was found in them, and the verdict."""
    found = findings.found(version)
    return {
        "dataset": version.dataset.name,
        "version": version.number,
        "verdict": findings.quality(version).verdict.value,
        "findings": [
            {"code": one.code, "tone": one.tone, "count": one.count, "share": one.share}
            for one in found
        ],
        "patterns": {one: version.profile.get(one) for one in PATTERNS},
        "figures": version.profile,
    }


def listed(
    version: DatasetVersion, asked: Wanted, *, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the series that match, and where the next one starts."""
    begin = place(cursor)
    some = list(series_list.matching(version, asked)[begin : begin + limit + 1])
    following = str(begin + limit) if len(some) > limit else None
    return [_short(version, one) for one in some[:limit]], following


def whole(
    version: DatasetVersion, profile: SeriesProfile, *, limit: int, cursor: str
) -> dict[str, Any]:
    """Return the figures of a series and a page of its rows, oldest first."""
    begin = place(cursor)
    rows = pl.concat(tables.facts(version, profile.series_id)).drop("unique_id")
    some = rows.slice(begin, limit)
    series = profile.series
    return {
        **_short(version, profile),
        "store_attributes": series.store.attributes if series.store else {},
        "product_attributes": series.product.attributes if series.product else {},
        "items": some.with_columns(pl.col("ds").cast(pl.String)).to_dicts(),
        "next": str(begin + limit) if begin + limit < rows.height else None,
    }


def check(sort: str, traits: list[str]) -> None:
    """Raise FilterUnusable, naming what there is, for an order or a trait that is none."""
    if sort.removeprefix("-") not in series_list.SORTS:
        listed = ", ".join(series_list.SORTS)
        raise FilterUnusable(f"'{sort}' is no order. There are: {listed}.", field="sort")
    for one in traits:
        if one not in series_list.TRAITS:
            listed = ", ".join(series_list.TRAITS)
            raise FilterUnusable(f"'{one}' is no trait. There are: {listed}.", field="trait")


def check_table(table: str, suffix: str) -> None:
    """Raise NoSuchTable, naming what there is."""
    if table not in tables.NAMES or suffix not in downloads.TYPES:
        there_is = ", ".join(f"{one}.{kind}" for one in tables.NAMES for kind in downloads.TYPES)
        raise NoSuchTable(f"There is no table '{table}.{suffix}'. There are: {there_is}.")


def place(cursor: str) -> int:
    """Return where a page begins; raises FilterUnusable for what no page gave."""
    if cursor and not (cursor.isdecimal() and len(cursor) < 10):
        raise FilterUnusable(f"'{cursor}' is no cursor of this list.", field="cursor")
    return int(cursor or 0)


def _short(version: DatasetVersion, one: SeriesProfile) -> dict[str, Any]:
    label = version.calendar.label
    figures = {name: getattr(one, name) for name in tables.FIGURES}
    return {
        "series": one.series_id,
        "unique_id": one.unique_id,
        "first": label(one.first),
        "last": label(one.last),
        **figures,
        "pattern": profiles.pattern_of(one.rows, one.unknown, one.zeros, one.variation),
        "line": series_list.plain(one.line),
    }
