"""The issued forecasts of some series, with what the series are told apart by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.lib import frames
from forecastlab.planning.domain.overrides import Scope

CODES = ("unique_id", "store", "region", "product", "category")
_CODED = {
    "unique_id": "s.unique_id",
    "store": "coalesce(st.code, '')",
    "region": "coalesce(st.attributes->>'region', '')",
    "product": "coalesce(p.code, '')",
    "category": "coalesce(nullif(p.attributes->>'category', ''), p.code, '')",
}
_FROM = """
FROM forecasting_forecast f JOIN warehouse_series s ON s.id = f.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE f.issue_id = $1
"""
_LISTED = ", ".join(f"{expression} AS {name}" for name, expression in _CODED.items())
_TABLE = f"SELECT f.series_id, {_LISTED}, f.model, f.yhat {_FROM}"


@dataclass(frozen=True)
class Table:
    """Series in the order of their names; `model` is what was issued, series x periods."""

    frame: pl.DataFrame

    @property
    def series(self) -> list[int]:
        found: list[int] = self.frame["series_id"].to_list()
        return found

    @property
    def names(self) -> list[str]:
        found: list[str] = self.frame["unique_id"].to_list()
        return found

    @property
    def codes(self) -> Mapping[str, Sequence[str]]:
        return {one: self.frame[one].to_list() for one in CODES}

    @property
    def model(self) -> NDArray[np.float64]:
        width = len(self.frame["yhat"][0]) if self.frame.height else 0
        flat = self.frame["yhat"].explode().to_numpy() if self.frame.height else np.zeros(0)
        found: NDArray[np.float64] = flat.astype(np.float64).reshape(self.frame.height, width)
        return found


def of_scope(issue: ForecastIssue, scope: Scope) -> Table:
    """Return the series of a scope; none where it means none."""
    if scope.kind == "all":
        return _read(_TABLE, [issue.pk])
    column = "unique_id" if scope.kind == "series" else scope.kind
    return _read(f"{_TABLE} AND {_CODED[column]} = $2", [issue.pk, scope.value])


def of_series(issue: ForecastIssue, series: Sequence[int]) -> Table:
    listed = "{" + ",".join(str(int(one)) for one in series) + "}"
    return _read(f"{_TABLE} AND f.series_id = ANY($2::bigint[])", [issue.pk, listed])


def of_names(issue: ForecastIssue, names: Sequence[str]) -> Table:
    """Return the series of these names; those that there are not are left out."""
    wanted = pl.DataFrame({"unique_id": sorted(set(names))}, schema={"unique_id": pl.String})
    known = frames.read(f"SELECT f.series_id, s.unique_id {_FROM}", [issue.pk])
    there = known.join(wanted, on="unique_id", how="semi")
    return of_series(issue, there["series_id"].to_list())


def choices(issue: ForecastIssue, kind: str, most: int) -> list[str]:
    """Return the names that a scope of this kind may have, at most so many."""
    code = _CODED["unique_id" if kind == "series" else kind]
    query = f"SELECT DISTINCT {code} AS name {_FROM} AND {code} <> '' ORDER BY 1 LIMIT {most:d}"
    found: list[str] = frames.read(query, [issue.pk])["name"].to_list()
    return found


def _read(query: str, parameters: Sequence[Any]) -> Table:
    return Table(frames.read(query, parameters).sort("unique_id"))
