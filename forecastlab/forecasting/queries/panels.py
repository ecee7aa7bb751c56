"""From the facts of a version to a panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.forecasting.domain import panel as panels
from forecastlab.forecasting.domain.panel import Facts, Groups, Integers, Panel
from forecastlab.lib import frames
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.domain.content import NUMBERS
from forecastlab.warehouse.domain.profiles import STOCKOUT_LIMIT
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services.versions import VersionGone

KEY = ("series_id", "t", "quantity")
COLUMNS = ("quantity", "open", "stockout_share")
# Parts that are read at the same time: a connection sends as fast as one processor encodes.
READERS = 2
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


class Source:
    """Reads the panel of a version part by part. Raises PanelTooLarge before it reads.

    Raises versions.VersionGone where no series is left: a version never has none.
    """

    def __init__(self, version: DatasetVersion) -> None:
        panels.check_size(version.series_count, version.periods)
        self.version = version
        frame = warehouse.series_frame(version)
        if frame.is_empty():
            raise VersionGone
        self.series: Integers = frame["series_id"].to_numpy()
        codes = {one: frame[one].to_list() for one in ("store", "product", "category")}
        self.groups = panels.groups_of(codes, frame.height)
        kept = version.profile.get("columns", list(NUMBERS))
        self.columns = [one for one in (*COLUMNS, *SIGNALS) if one in kept]
        told = list(version.signals.order_by("position").values_list("position", "name", "known"))
        taken = {*KEY, *self.columns}
        self.names = {place: f"{one} (signal)" if one in taken else one for place, one, _ in told}
        self.known = SIGNALS | {self.names[place]: ahead for place, _name, ahead in told}

    @property
    def width(self) -> int:
        return len(self.series)

    def part(self, start: int, stop: int) -> Loaded:
        """Read the facts of some series in one query and lay them out."""
        return next(self.parts([(start, stop)]))

    def parts(self, edges: Iterable[tuple[int, int]]) -> Iterator[Loaded]:
        """Lay out part after part; while one is laid out and worked on, the next two are read."""
        listed = list(edges)
        read = partial(frames.ahead, threads=READERS) if frames.may_read_aside() else map
        for edge, facts in zip(listed, read(self._facts, listed), strict=True):
            part = slice(*edge)
            yield self._laid_out(facts, (self.series[part], self.groups.columns(part)))

    def _facts(self, edges: tuple[int, int]) -> pl.DataFrame:
        ends = int(self.series[edges[0]]), int(self.series[edges[1] - 1])
        return warehouse.facts(
            self.version, self.columns, between=ends, signals=list(self.names), in_order=False
        )

    def some(self, wanted: Sequence[int]) -> Loaded:
        """Read the facts of certain series in one query and lay them out, in the usual order."""
        places = np.flatnonzero(np.isin(self.series, wanted))
        series = self.series[places]
        facts = warehouse.facts(
            self.version,
            self.columns,
            series.tolist(),
            signals=list(self.names),
            in_order=False,
        )
        return self._laid_out(facts, (series, self.groups.columns(places)))

    def _laid_out(self, facts: pl.DataFrame, across: tuple[Integers, Groups]) -> Loaded:
        facts = facts.rename({f"signal_{place}": name for place, name in self.names.items()})
        return _of_facts(facts, self.version, self.known, across)


def of_series(facts: pl.DataFrame, version: DatasetVersion) -> Loaded:
    """Lay out the COLUMNS of some facts; a panel without signals and groups."""
    series = facts["series_id"].unique().sort().to_numpy()
    return _of_facts(facts, version, {}, (series, panels.groups_of({}, len(series))))


def _of_facts(
    facts: pl.DataFrame,
    version: DatasetVersion,
    known: dict[str, bool],
    across: tuple[Integers, Groups],
) -> Loaded:
    columns: dict[str, NDArray[Any]] = {one: facts[one].to_numpy() for one in facts.columns}
    columns.setdefault("quantity", np.full(facts.height, np.nan))
    signals = {name: known[name] for name in columns if name in known}
    panel = panels.build(Facts(columns, version.history, version.planned, signals), *across)
    told = [one for one in COLUMNS if one in columns and facts[one].null_count() < facts.height]
    share = columns.get("stockout_share", np.zeros(0))
    return Loaded(
        panel=panel,
        rows=facts.height,
        columns=len(told),
        negative=int((columns["quantity"] < 0).sum()),
        closed=int(panel.closed[: panel.periods].sum()),
        stockout=int((share >= STOCKOUT_LIMIT).sum()),
    )
