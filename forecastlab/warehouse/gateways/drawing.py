"""From a simulation to blocks of facts on disk, one store in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from forecastlab.warehouse.domain import checks
from forecastlab.warehouse.domain.content import ContentHash
from forecastlab.warehouse.domain.simulator import sales
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.sales import Drawn
from forecastlab.warehouse.gateways.workplace import Staged, Workplace

COLUMNS = ["quantity", "price", "discount", "promo", "stockout_share", "holiday"]
Report = Callable[[float], None]


def draw(config: Config, place: Workplace, report: Report) -> Staged:
    """Write the facts, the series and the truth of a simulation into `place`."""
    place.folder.mkdir(parents=True, exist_ok=True)
    place.clear_blocks()
    epoch = f"{config.first.isoformat()}T00:00:00"
    header = {
        "frequency": "D",
        "epoch": epoch,
        "month_day": 1,
        "signals": [],
    }
    content = ContentHash(header, COLUMNS)
    series: list[dict[str, Any]] = []
    figures, truths, sold = [], [], {}
    for number, drawn in enumerate(sales.draw(config)):
        facts = _coded(drawn, len(series))
        series += _series(drawn, len(series))
        content.add(facts, [one["unique_id"] for one in series])
        figures.append(checks.figures(facts))
        totals = facts.group_by("code").agg(pl.col("quantity").sum())
        sold.update(dict(totals.rows()))
        facts.write_parquet(place.facts(number), compression="lz4")
        truths.append(_truth(drawn))
        report((number + 1) / config.stores)
    pl.concat(truths).write_parquet(place.truth, compression="zstd")
    pl.DataFrame(series, schema_overrides={"code": pl.UInt32}).write_parquet(place.series)
    best = max(sold, key=lambda code: (sold[code], -code))
    profile = {**checks.total(list(figures)), "best_selling": series[best]["unique_id"]}
    staged = Staged(
        frequency="D",
        epoch=epoch,
        month_day=1,
        periods=config.days,
        rows=len(series) * config.days,
        series=len(series),
        content_hash=content.hexdigest(),
        columns=COLUMNS,
        profile=profile,
    )
    place.write_staged(staged)
    return staged


def _coded(drawn: Drawn, first: int) -> pl.DataFrame:
    codes = {product: first + place for place, product in enumerate(drawn.products)}
    code = pl.col("product").replace_strict(codes, return_dtype=pl.UInt32).alias("code")
    return checks.as_facts(drawn.facts.with_columns(code), 0)


def _series(drawn: Drawn, first: int) -> list[dict[str, Any]]:
    return [
        {
            "code": first + place,
            "unique_id": f"{drawn.store}:{product}",
            "store": drawn.store,
            "product": product,
        }
        for place, product in enumerate(drawn.products)
    ]


def _truth(drawn: Drawn) -> pl.DataFrame:
    unique_id = pl.concat_str(pl.lit(drawn.store), "product", separator=":").alias("unique_id")
    return drawn.truth.select(unique_id, pl.all().exclude("product"))
