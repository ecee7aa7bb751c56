"""What the tests of the simulator share: small simulations as frames."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import sales
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.world import World

AS_OF = date(2026, 11, 21)
KEY = ["store", "product", "day"]
# Columns of the truth that are no factors of demand.
UNITS = ("demand", "lost", "returned", "return_lag", "return_reason")


def build(preset: str = "demo_minimal", *, enabled: Iterable[str] = (), **knobs: Any) -> Config:
    return configs.build(preset, seed=7, as_of=AS_OF, knobs=knobs, enabled=enabled)


def drawn(config: Config) -> pl.DataFrame:
    """Return facts and truth side by side, keyed by store, product and day.

    Signals bear their names, factors of demand theirs with an x in front.
    """
    names = {f"signal_{at}": name for at, (name, _known) in enumerate(sales.signals(config))}
    found = []
    for one in sales.draw(World(config)):
        product = pl.Series("product", [each.code for each in one.products])
        truth = one.truth.drop("code", "t")
        factors = {name: f"x_{name}" for name in truth.columns if name not in UNITS}
        rows = one.facts.rename(names).hstack(truth.rename(factors))
        day = (pl.lit(config.first) + pl.duration(days=pl.col("t"))).cast(pl.Date).alias("day")
        keys = (pl.lit(one.store.code).alias("store"), product.gather(rows["code"]), day)
        found.append(rows.select(*keys, pl.all().exclude("code", "t")))
    return pl.concat(found)


def shared(left: pl.DataFrame, right: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of both whose key is in both, in the same order."""
    mine = left.join(right, on=KEY, how="semi").sort(KEY)
    return mine, right.join(left, on=KEY, how="semi").sort(KEY)


def series_in(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return frame.partition_by("store", "product")
