"""The series of a version that a scope means, and the parts that they are judged in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain import scopes
from forecastlab.forecasting.domain.scopes import Scope
from forecastlab.lib import frames
from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.models import DatasetVersion

SERIES = """
SELECT told.series_id, told.unique_id, told.quantity AS units, told.stockouts,
    coalesce(st.code, '') AS store, coalesce(st.attributes->>'region', '') AS region,
    coalesce(p.code, '') AS product, coalesce(p.attributes->>'category', '') AS category
FROM warehouse_seriesprofile told
JOIN warehouse_series s ON s.id = told.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE told.version_id = $1
"""
REVENUE = """
SELECT series_id, sum(quantity * price) AS revenue
FROM warehouse_salesfact WHERE version_id = $1 AND price IS NOT NULL GROUP BY series_id
"""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Some series that are judged together; `title` is a store, a category or a series."""

    title: str
    series: Sequence[int]

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "series": list(self.series)}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a scope means here; `notes` say what a reader would not expect."""

    series: pl.DataFrame
    notes: Sequence[str] = ()


def series_of(version: DatasetVersion) -> pl.DataFrame:
    """Return every series with its store, region, product, category, units and stock-outs."""
    return frames.read(SERIES, [version.pk]).sort("unique_id")


def choose(version: DatasetVersion, scope: Scope) -> Chosen:
    """Return the series of a scope; raises BadInput naming the option that means none."""
    ways: Mapping[str, Callable[[DatasetVersion, pl.DataFrame, Scope], Chosen]] = {
        "all": lambda _version, found, _scope: Chosen(found),
        "region": _of_region,
        "category": _of_category,
        "top_revenue": _top,
        "list": _listed,
    }
    return ways[scope.kind](version, series_of(version), scope)


def values_of(found: pl.DataFrame, column: str) -> list[str]:
    """Return what a column tells series apart by, in order."""
    return [one for one in found[column].unique().sort().to_list() if one]


def _of_region(version: DatasetVersion, found: pl.DataFrame, scope: Scope) -> Chosen:
    if not values_of(found, "region"):
        raise BadInput(
            _("The stores of '%(dataset)s' name no regions.") % {"dataset": version.ref},
            hint=_("Load a table of stores with a column 'region', or take another scope."),
            field="region",
        )
    return _with_value(found, "region", scope.region)


def _of_category(version: DatasetVersion, found: pl.DataFrame, scope: Scope) -> Chosen:
    if not values_of(found, "category"):
        raise BadInput(
            _("The products of '%(dataset)s' name no categories.") % {"dataset": version.ref},
            hint=_("Load a table of products with a column 'category', or take another scope."),
            field="category",
        )
    return _with_value(found, "category", scope.category)


def _with_value(found: pl.DataFrame, column: str, value: str) -> Chosen:
    meant = found.filter(pl.col(column) == value)
    if meant.is_empty():
        there = ", ".join(values_of(found, column)[:SHOWN])
        raise BadInput(
            _("There is no %(what)s '%(value)s'.") % {"what": column, "value": value},
            hint=_("There are: %(there)s.") % {"there": there},
            field=column,
        )
    return Chosen(meant)


def _top(version: DatasetVersion, found: pl.DataFrame, scope: Scope) -> Chosen:
    told = frames.read(REVENUE, [version.pk])
    notes = []
    if told.is_empty():
        notes.append(_("No price is known, so the top series are those with the most units."))
        ranked = found.with_columns(worth=pl.col("units"))
    else:
        ranked = found.join(told, on="series_id", how="left")
        ranked = ranked.with_columns(worth=pl.col("revenue").fill_null(0.0))
    top = ranked.sort(["worth", "unique_id"], descending=[True, False]).head(scope.top_n)
    if top.height < scope.top_n:
        notes.append(_("There are %(n)s series in all.") % {"n": top.height})
    return Chosen(top.select(found.columns).sort("unique_id"), notes)


def _listed(version: DatasetVersion, found: pl.DataFrame, scope: Scope) -> Chosen:
    meant = found.filter(pl.col("unique_id").is_in(list(scope.series)))
    known = set(meant["unique_id"].to_list())
    missing = [one for one in scope.series if one not in known]
    if missing:
        raise BadInput(
            _("'%(dataset)s' has no series %(names)s.")
            % {
                "dataset": version.ref,
                "names": ", ".join(f"'{one}'" for one in missing[:SHOWN])
                + (_(" and %(n)s more") % {"n": len(missing) - SHOWN} if missing[SHOWN:] else ""),
            },
            hint=_("Write series as STORE:PRODUCT."),
            field="series",
        )
    return Chosen(meant)


def parts_of(chosen: pl.DataFrame, by: str) -> tuple[str, list[Part]]:
    """Part the chosen series; "" is the usual way. Raises BadInput where they cannot be so.

    A product without a category is one by itself, under its own name.
    """
    own = pl.col("category").replace("", None)
    told = chosen.with_columns(category=pl.coalesce(own, pl.col("product")))
    by = by or scopes.usual_parts(len(values_of(told, "store")), len(values_of(told, "category")))
    if by == "all":
        return by, [Part(_("All of them"), told["series_id"].to_list())]
    column = "unique_id" if by == "series" else by
    if (told[column] == "").any():
        raise BadInput(
            _("Not every series here names its %(what)s.") % {"what": by},
            hint=_("Part the scope by series, or not at all."),
            field="by",
        )
    grouped = told.group_by(column, maintain_order=True).agg("series_id").sort(column)
    return by, [Part(title, series) for title, series in grouped.iter_rows()]
