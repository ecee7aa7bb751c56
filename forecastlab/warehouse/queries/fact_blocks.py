"""Facts of versions, block by block of whole series: for what is larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forecastlab.lib import frames
from forecastlab.warehouse import queries
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.domain.differences import Names, signal_column
from forecastlab.warehouse.models import DatasetVersion

BLOCK_ROWS = 1_000_000

_SERIES = """
SELECT f.series_id, s.unique_id, st.code AS store, p.code AS product, f.rows, f.quantity
FROM (
    SELECT series_id, count(*) AS rows, sum(quantity) AS quantity FROM warehouse_salesfact
    WHERE version_id = $1 GROUP BY series_id
) f
JOIN warehouse_series s ON s.id = f.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
"""


def counted_series(version: DatasetVersion) -> pl.DataFrame:
    """Return `series_id, unique_id, store, product, rows, quantity` of the series with facts."""
    return frames.read(_SERIES, [version.pk])


def names_of(version: DatasetVersion) -> Names:
    """Return the version's columns, and its signals in their places."""
    kept = version.profile.get("columns", list(NUMBERS))
    signals = version.signals.order_by("position").values_list("name", flat=True)
    return Names([one for one in NUMBERS if one in kept], list(signals))


def coded(
    version: DatasetVersion, names: Names, series: pl.DataFrame, *, lead: int
) -> pl.DataFrame:
    """Return the facts of `series` (series_id, code) as `code, t`, numbers, held_back, signals.

    `lead` is added to the periods; an unknown signal is null.
    """
    wanted = [*names.numbers, "held_back", *(["signals"] if names.signals else [])]
    ids = series["series_id"].to_list()
    found = queries.facts(version, wanted, series_ids=ids)
    places = [
        pl.col("signals").list.get(place, null_on_oob=True).fill_nan(None).alias(signal_column(one))
        for place, one in enumerate(names.signals)
    ]
    return found.join(series.select("series_id", "code"), on="series_id").select(
        "code", pl.col("t") + lead, *names.numbers, "held_back", *places
    )


def blocks(series: pl.DataFrame, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield whole series, in order, of about BLOCK_ROWS rows; `columns` count them."""
    number = (pl.sum_horizontal(columns).cum_sum() - 1) // BLOCK_ROWS
    yield from series.with_columns(number.alias("block")).partition_by("block")
