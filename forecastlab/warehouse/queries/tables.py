"""Tables to take away: the rows of a version, of a series, the list of series, the overview."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from forecastlab.lib import frames
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain import profiles
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import series_list
from forecastlab.warehouse.queries.series_list import Wanted

NAMES = ("facts", "series", "overview")
BLOCK_ROWS = 100_000
_NAMED = """
SELECT told.series_id, told.unique_id, st.code AS store, p.code AS product, told.rows
FROM warehouse_seriesprofile told
JOIN warehouse_series s ON s.id = told.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE told.version_id = $1
"""
_CATALOGUE = """
SELECT told.unique_id, st.code AS store, p.code AS product,
    coalesce(st.attributes, '{}')::text AS store_attributes,
    coalesce(p.attributes, '{}')::text AS product_attributes
FROM warehouse_seriesprofile told
JOIN warehouse_series s ON s.id = told.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE told.version_id = $1
"""
FIGURES = (
    "quantity",
    "variation",
    "rows",
    "gaps",
    "zeros",
    "unknown",
    "negative",
    "stockouts",
    "outliers",
    "constant",
)


def named(version: DatasetVersion, table: str, asked: Wanted) -> Iterator[pl.DataFrame]:
    """Yield the table `facts`, `series` (as the list is filtered and sorted) or `overview`."""
    if table == "facts":
        return facts(version)
    return iter([series(version, asked) if table == "series" else overview(version)])


def facts(version: DatasetVersion, series_id: int | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a version, or of one series, a block of whole series after the other.

    Columns: unique_id, store, product, ds, the numbers that the version has, held_back where it
    has such rows, and each signal under its name. Sorted by series and period.
    """
    kept = [one for one in NUMBERS if one in version.profile.get("columns", NUMBERS)]
    signals = list(version.signals.order_by("position").values_list("name", flat=True))
    moments = queries.moments(version, range(version.periods))
    return _blocks(version, series_id, [kept, signals], moments)


def _blocks(
    version: DatasetVersion, series_id: int | None, names: list[list[str]], moments: pl.Series
) -> Iterator[pl.DataFrame]:
    numbers, signals = names
    alone, parameters = (" AND told.series_id = $2", [series_id]) if series_id else ("", [])
    series = frames.read(_NAMED + alone, [version.pk, *parameters]).sort("series_id")
    place = (series["rows"].cum_sum() - 1) // BLOCK_ROWS
    parts = series.with_columns(place.alias("part")).partition_by("part") or [series]
    columns = [*numbers, "held_back", *(["signals"] if signals else [])]
    for part in parts:
        found = queries.facts(version, columns, part["series_id"].to_list())
        values = [
            pl.col("signals").list.get(place, null_on_oob=True).fill_nan(None).alias(name)
            for place, name in enumerate(_free(signals, numbers))
        ]
        named = found.join(part, on="series_id", maintain_order="left")
        yield named.with_columns(moments.gather(named["t"])).select(
            "unique_id", "store", "product", "ds", *numbers, "held_back", *values
        )


def _free(signals: list[str], numbers: list[str]) -> list[str]:
    """Return the names of signals, with `signal.` before those that another column has."""
    taken = {"unique_id", "store", "product", "ds", "held_back", *numbers}
    return [f"signal.{one}" if one in taken else one for one in signals]


def series(version: DatasetVersion, asked: Wanted) -> pl.DataFrame:
    """Return the series that the list shows for these filters, in its order, with their figures.

    `pattern` is the class of demand: smooth, intermittent, erratic or lumpy.
    """
    found = series_list.matching(version, asked)
    names = ("series__store__code", "series__product__code")
    rows = found.values_list("unique_id", *names, "first", "last", *FIGURES)
    whole = dict.fromkeys(("first", "last", *FIGURES), pl.Int64)
    schema = {"unique_id": pl.String, "store": pl.String, "product": pl.String, **whole}
    kinds = {"quantity": pl.Float64, "variation": pl.Float64, "constant": pl.Boolean}
    frame = pl.DataFrame(list(rows.iterator(10_000)), schema={**schema, **kinds}, orient="row")
    moments = queries.moments(version, range(version.periods))
    dated = [moments.gather(frame[one].cast(pl.UInt32)).alias(one) for one in ("first", "last")]
    return profiles.with_pattern(frame.with_columns(dated))


def catalogue(version: DatasetVersion) -> pl.DataFrame:
    """Return the series of a version with what is known of their store and product, as JSON."""
    return frames.read(_CATALOGUE, [version.pk]).sort("unique_id")


def overview(version: DatasetVersion) -> pl.DataFrame:
    """Return the figures of a version: `figure, value`, values as texts."""
    head = {
        "dataset": version.dataset.name,
        "version": version.number,
        "content_hash": version.content_hash,
        "frequency": version.frequency,
        "first": version.first,
        "last": version.last,
        "periods": version.periods,
        "rows": version.rows,
        "series": version.series_count,
    }
    told = {**head, **version.profile}
    texts = [one if isinstance(one, str) else json.dumps(one) for one in told.values()]
    return pl.DataFrame({"figure": list(told), "value": texts})
