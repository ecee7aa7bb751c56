"""Panels with known answers: of the orange juice of Dominick's, and of simulated worlds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from forecastlab.forecasting.domain.panel import Facts, Panel, build, groups_of
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import sales
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.world import World

OJ_SIGNALS = ("price", "deal", "feat", "competitor_price_min", "competitor_price_mean")
SIGNALS = ("price", "discount", "promo", "holiday")


def orange_juice(folder: Path) -> Panel:
    """Return 913 series of 121 weeks; a category is a brand."""
    frame = pl.read_csv(folder / "dominicks-oj" / "oj_long.csv.gz", try_parse_dates=True)
    frame = frame.with_columns(
        t=((pl.col("ds") - pl.col("ds").min()).dt.total_days() // 7).cast(pl.Int32),
        quantity=pl.col("quantity").cast(pl.Float64),
        series_id=pl.struct("store", "product").rank("dense").cast(pl.Int64) - 1,
    ).sort("series_id", "t")
    columns = {one: frame[one].to_numpy() for one in ("series_id", "t", "quantity", *OJ_SIGNALS)}
    series = frame.unique("series_id").sort("series_id")
    groups = {one: [f"{code:02d}" for code in series[one]] for one in ("store", "product")}
    facts = Facts(columns, 121, 0, dict.fromkeys(OJ_SIGNALS, True))
    return build(facts, series["series_id"].to_numpy(), groups_of(groups, series.height))


@dataclass(frozen=True)
class Simulated:
    """A simulated world: its config, its sales, and what `price` made of demand, as periods down
    and series across."""

    config: Config
    panel: Panel
    demand: np.ndarray
    price_factor: np.ndarray


def simulated(preset: str, *, seed: int, enabled: tuple[str, ...] = (), **knobs: int) -> Simulated:
    config = configs.build(preset, seed=seed, as_of=date(2026, 6, 1), knobs=knobs, enabled=enabled)
    facts, truth, names = [], [], []
    for drawn in sales.draw(World(config)):
        number = (pl.col("code").cast(pl.Int64) + len(names)).alias("series_id")
        facts.append(drawn.facts.with_columns(number))
        truth.append(drawn.truth.with_columns(number))
        names += [(drawn.store.code, one.code, one.category) for one in drawn.products]
    told, real = pl.concat(facts), pl.concat(truth)
    wanted = ("series_id", "t", "quantity", "stockout_share", *SIGNALS)
    columns = {one: told[one].to_numpy() for one in wanted}
    groups = dict(zip(("store", "product", "category"), zip(*names, strict=True), strict=True))
    panel = build(
        Facts(columns, config.days, 0, dict.fromkeys(SIGNALS, True)),
        np.arange(len(names)),
        groups_of(groups, len(names)),
    )
    shape = config.days, len(names)
    demand, factor = np.full(shape, np.nan), np.full(shape, np.nan)
    where = real["t"].to_numpy(), real["series_id"].to_numpy()
    demand[where], factor[where] = real["demand"].to_numpy(), real["price"].to_numpy()
    return Simulated(config, panel, demand, factor)
