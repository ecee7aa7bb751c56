"""The blocks of a merged version on disk, written as the check writes those of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from forecastlab.warehouse.domain import checks, differences
from forecastlab.warehouse.domain.content import ContentHash
from forecastlab.warehouse.domain.differences import Names, signal_column
from forecastlab.warehouse.gateways.workplace import Staged, Workplace


class Writer:
    def __init__(self, place: Workplace, names: Names, ids: Sequence[str]) -> None:
        place.folder.mkdir()
        self.place, self.names, self.ids = place, names, ids
        self.parts: list[pl.DataFrame] = []
        self.figures: list[dict[str, float]] = []
        self.sold: list[pl.DataFrame] = []
        self.blocks = self.rows = self.periods = 0
        places = [f"signal_{place}" for place in range(len(names.signals))]
        self.content = ContentHash({}, [*names.numbers, *places])

    def add(self, pairs: pl.DataFrame) -> None:
        facts = checks.as_facts(self._renamed(pairs), len(self.names.signals))
        self.content.add(facts, self.ids)
        self.figures.append(checks.figures(facts))
        self.sold.append(facts.group_by("code").agg(pl.col("quantity").sum()))
        self.rows += facts.height
        latest = facts["t"].max()
        self.periods = max(self.periods, int(latest) + 1 if isinstance(latest, int) else 0)
        facts.write_parquet(self.place.facts(self.blocks), compression="lz4")
        self.blocks += 1

    def _renamed(self, pairs: pl.DataFrame) -> pl.DataFrame:
        signals = [
            pl.col(differences.after(signal_column(one))).alias(f"signal_{place}")
            for place, one in enumerate(self.names.signals)
        ]
        kept = [*self.names.numbers, "held_back"]
        return pairs.filter("is").select(
            "code",
            "t",
            *(pl.col(differences.after(one)).alias(one) for one in kept),
            *signals,
        )

    def finish(self, staged: Staged) -> None:
        self.content.header = {
            "frequency": staged.frequency,
            "epoch": staged.epoch,
            "month_day": staged.month_day,
            "signals": [[one["name"], one["known"]] for one in staged.signals],
        }
        best = pl.concat(self.sold).sort("quantity", "code", descending=[True, False])
        profile = {**checks.total(list(self.figures)), "best_selling": self.ids[best["code"][0]]}
        self.place.write_staged(
            replace(
                staged,
                periods=self.periods,
                rows=self.rows,
                series=len(self.ids),
                content_hash=self.content.hexdigest(),
                columns=list(self.names.numbers),
                profile=profile,
            )
        )
