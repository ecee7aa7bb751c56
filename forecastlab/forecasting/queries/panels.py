"""From the facts of a version to a panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain.panel import Panel
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.profiles import STOCKOUT_LIMIT
from forecastlab.warehouse.models import DatasetVersion

COLUMNS = ("quantity", "open", "stockout_share")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A panel, and how many of its rows tell nothing about demand, and why."""

    panel: Panel
    rows: int
    columns: int
    negative: int
    closed: int
    stockout: int


def load(version: DatasetVersion) -> Loaded:
    """Read the facts in one query and lay them out. Raises PanelTooLarge before it reads."""
    panels.check_size(version.series_count, version.periods)
    return of_facts(warehouse.facts(version, COLUMNS), version.periods)


def of_facts(facts: pl.DataFrame, periods: int) -> Loaded:
    """Lay out facts that are sorted by series and period."""
    told = [name for name in COLUMNS if facts[name].null_count() < facts.height]
    columns = {name: facts[name].to_numpy() for name in ("series_id", "t", *told)}
    columns.setdefault("quantity", np.full(facts.height, np.nan))
    series = np.unique(columns["series_id"])
    panel = panels.build(columns, series, periods)
    share = columns.get("stockout_share", np.zeros(0))
    return Loaded(
        panel=panel,
        rows=facts.height,
        columns=len(told),
        negative=int((columns["quantity"] < 0).sum()),
        closed=int(panel.closed.sum()),
        stockout=int((share >= STOCKOUT_LIMIT).sum()),
    )
