"""What a version holds by its facts, rather than by what was written down when they were loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from forecastlab.warehouse.domain import checks
from forecastlab.warehouse.domain.content import ContentHash
from forecastlab.warehouse.domain.differences import Names, signal_column
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.queries import fact_blocks


def recomputed(version: DatasetVersion, report: Callable[[float], None]) -> str:
    """Return the content hash of the facts as they are now, read block by block."""
    names = fact_blocks.names_of(version)
    places = {signal_column(one): f"signal_{place}" for place, one in enumerate(names.signals)}
    content = ContentHash(_header(version), [*names.numbers, *places.values()])
    series = fact_blocks.counted_series(version).sort("series_id").with_row_index("code")
    done = 0
    for block in fact_blocks.blocks(series, ["rows"]):
        content.add(_facts(version, names, block, places), series["unique_id"].to_list())
        done += block.height
        report(done / series.height)
    return content.hexdigest()


def _facts(
    version: DatasetVersion, names: Names, block: pl.DataFrame, places: dict[str, str]
) -> pl.DataFrame:
    found = fact_blocks.coded(version, names, block, lead=0).rename(places)
    return checks.as_facts(found.sort("code", "t"), len(places))


def _header(version: DatasetVersion) -> dict[str, Any]:
    epoch = version.calendar.epoch
    signals = version.signals.order_by("position").values_list("name", "known")
    return {
        "frequency": version.frequency,
        "epoch": epoch.isoformat() if epoch else None,
        "month_day": version.month_day,
        "signals": [list(one) for one in signals],
    }
