"""From the facts of a version to a panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain.panel import Facts, Groups, Panel
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.domain.profiles import STOCKOUT_LIMIT
from forecastlab.warehouse.models import DatasetVersion

KEY = ("series_id", "t", "quantity")
COLUMNS = ("quantity", "open", "stockout_share")
# The fact's own signals, and whether they are known ahead.
SIGNALS = {"price": True, "discount": True, "promo": True, "holiday": True, "stock": False}


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
    kept = version.profile.get("columns", list(NUMBERS))
    columns = [one for one in (*COLUMNS, *SIGNALS) if one in kept]
    declared = list(version.signals.order_by("position").values_list("position", "name", "known"))
    taken = {*KEY, *columns}
    names = {place: f"{one} (signal)" if one in taken else one for place, one, _ in declared}
    known = SIGNALS | {names[place]: ahead for place, _name, ahead in declared}
    facts = warehouse.facts(version, columns, signals=list(names), in_order=False)
    facts = facts.rename({f"signal_{place}": name for place, name in names.items()})
    return _of_facts(facts, version, known, _groups(version))


def of_series(facts: pl.DataFrame, version: DatasetVersion) -> Loaded:
    """Lay out the COLUMNS of some facts; a panel without signals and groups."""
    return _of_facts(facts, version, {}, None)


def _of_facts(
    facts: pl.DataFrame, version: DatasetVersion, known: dict[str, bool], groups: Groups | None
) -> Loaded:
    told = [one for one in facts.columns if facts[one].null_count() < facts.height]
    columns = _Columns(facts.select({*KEY, *told}))
    series = np.unique(columns["series_id"])
    signals = {name: known[name] for name in told if name in known}
    laid = Facts(columns, version.history, version.planned, signals)
    panel = panels.build(laid, series, groups or panels.groups_of({}, len(series)))
    share = facts["stockout_share"] if "stockout_share" in told else pl.Series([0.0])
    return Loaded(
        panel=panel,
        rows=facts.height,
        columns=len([one for one in told if one in COLUMNS]),
        negative=int((facts["quantity"] < 0).sum()),
        closed=int(panel.closed[: panel.periods].sum()),
        stockout=int((share >= STOCKOUT_LIMIT).sum()),
    )


class _Columns(Mapping[str, NDArray[Any]]):
    """The columns of a frame as arrays, each made when it is asked for and kept nowhere."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.frame[name].to_numpy()

    def __contains__(self, name: object) -> bool:
        return name in self.frame.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.frame.columns)

    def __len__(self) -> int:
        return self.frame.width


def _groups(version: DatasetVersion) -> Groups:
    frame = warehouse.series_frame(version)
    columns = {one: frame[one].to_list() for one in ("store", "product", "category")}
    return panels.groups_of(columns, frame.height)
