"""From a simulation to blocks of facts on disk, one store in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from forecastlab.lib.barriers import barrier
from forecastlab.warehouse.domain import checks
from forecastlab.warehouse.domain.content import ContentHash
from forecastlab.warehouse.domain.simulator import sales
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.sales import Drawn
from forecastlab.warehouse.domain.simulator.world import World
from forecastlab.warehouse.gateways.workplace import Staged, Workplace

Report = Callable[[float], None]
SERIES = {
    "code": pl.UInt32,
    "unique_id": pl.String,
    "store": pl.String,
    "product": pl.String,
}


def draw(config: Config, place: Workplace, report: Report) -> Staged:
    """Write the facts, the series and the truth of a simulation into `place`."""
    place.folder.mkdir(parents=True, exist_ok=True)
    place.clear_blocks()
    drawing = _Drawing(config, place)
    for number, drawn in enumerate(sales.draw(World(config))):
        drawing.add(number, drawn)
        barrier("simulation-drawing")
        report((number + 1) / config.stores)
    return drawing.result()


@dataclass
class _Drawing:
    """Fed one store after another; keeps what is told of the whole."""

    config: Config
    place: Workplace
    series: list[pl.DataFrame] = field(default_factory=list)
    figures: list[Mapping[str, float]] = field(default_factory=list)
    rows: int = 0
    codes: int = 0
    best: tuple[float, str] = (-1.0, "")

    def __post_init__(self) -> None:
        self.columns = sales.columns(self.config)
        self.signals = sales.signals(self.config)
        self.places = [f"signal_{place}" for place in range(len(self.signals))]
        header = {
            "frequency": "D",
            "epoch": self._epoch,
            "month_day": 1,
            "signals": [list(one) for one in self.signals],
        }
        self.content = ContentHash(header, [*self.columns, *self.places])

    @property
    def _epoch(self) -> str:
        return f"{self.config.first.isoformat()}T00:00:00"

    def add(self, number: int, drawn: Drawn) -> None:
        ids = [f"{drawn.store.code}:{one.code}" for one in drawn.products]
        facts = checks.as_facts(drawn.facts, len(self.places))
        self.content.add(facts, ids)
        self.figures.append(checks.figures(facts))
        self._keep_best(facts, ids)
        truth = _truth(drawn, ids, self.config.first)
        truth.write_parquet(self._truth_of(number), compression="zstd")
        offset = pl.lit(self.codes, dtype=pl.UInt32)
        facts = facts.with_columns(pl.col("code") + offset)
        facts.write_parquet(self.place.facts(number), compression="lz4")
        self.series.append(_series(drawn, ids, self.codes))
        self.rows += facts.height
        self.codes += len(ids)

    def result(self) -> Staged:
        self._join_truth(len(self.series))
        pl.concat(self.series).write_parquet(self.place.series)
        profile = {**checks.total(list(self.figures)), "best_selling": self.best[1]}
        staged = Staged(
            frequency="D",
            epoch=self._epoch,
            month_day=1,
            periods=self.config.days,
            rows=self.rows,
            series=self.codes,
            content_hash=self.content.hexdigest(),
            columns=self.columns,
            signals=[{"name": name, "known": known} for name, known in self.signals],
            profile=profile,
        )
        self.place.write_staged(staged)
        return staged

    def _keep_best(self, facts: pl.DataFrame, ids: Sequence[str]) -> None:
        """Remember the series that sold most; the first of equals."""
        sold = facts.group_by("code").agg(pl.col("quantity").sum())
        code, quantity = sold.sort("quantity", "code", descending=[True, False]).row(0)
        if quantity > self.best[0]:
            self.best = (quantity, ids[code])

    def _truth_of(self, number: int) -> Path:
        return self.place.folder / f"truth-{number:04}.parquet"

    def _join_truth(self, stores: int) -> None:
        """Make one file of the stores' truths, never the whole in memory."""
        parts = [self._truth_of(number) for number in range(stores)]
        pl.scan_parquet(parts).sink_parquet(self.place.truth, compression="zstd")
        for part in parts:
            part.unlink()


def _series(drawn: Drawn, ids: Sequence[str], first: int) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "code": range(first, first + len(ids)),
        "unique_id": ids,
        "store": [drawn.store.code] * len(ids),
        "product": [one.code for one in drawn.products],
    }
    return pl.DataFrame(columns, schema=SERIES)


def _truth(drawn: Drawn, ids: Sequence[str], first: date) -> pl.DataFrame:
    """Return the truth under the names and dates that people know."""
    unique_id = pl.Series("unique_id", ids, dtype=pl.String).gather(drawn.truth["code"])
    day = (pl.lit(first) + pl.duration(days=pl.col("t"))).cast(pl.Date).alias("ds")
    return drawn.truth.select(unique_id, day, pl.all().exclude("code"))
