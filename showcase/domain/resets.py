"""What a reset would delete and what stays: a list that a person confirms as it stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The order in which a reader hears of what goes: what was asked first, what came of it after.
TABLES = (
    "run",
    "step_run",
    "run_object",
    "job",
    "job_step",
    "step_log",
    "batch",
    "batch_item",
    "backtest",
    "series_score",
    "slice_score",
    "champion",
    "model_run",
    "forecast_issue",
    "forecast",
    "dataset_version",
    "signal",
    "series_profile",
    "sales_fact",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays: its kind and number, what it is called, and why."""

    kind: str
    pk: int
    name: str
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """`goes` has the numbers of what is deleted by kind, `counts` the rows of each table.

    What hangs on something is counted as well, also in tables that this list does not know.
    """

    goes: Mapping[str, Sequence[int]]
    counts: Mapping[str, int]
    stays: Sequence[Kept]

    @property
    def digest(self) -> str:
        """Return what a confirmation is bound to; the reasons are words and do not count."""
        told = {
            "goes": {kind: sorted(pks) for kind, pks in self.goes.items()},
            "counts": dict(self.counts),
            "stays": sorted([one.kind, one.pk] for one in self.stays),
        }
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def tables(self) -> dict[str, int]:
        """Return how many rows of each table would go, in the order in which readers hear of it."""
        more = sorted(set(self.counts) - set(TABLES))
        return {name: self.counts.get(name, 0) for name in (*TABLES, *more)}

    def as_json(self) -> dict[str, Any]:
        stays = [{"what": one.name, "kind": one.kind, "why": list(one.why)} for one in self.stays]
        return {"deletes": self.tables, "stays": stays}
