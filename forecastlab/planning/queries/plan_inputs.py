"""What a plan starts from: the issued forecasts with their ranges, and what is known ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecastlab.forecasting.domain.panel import Floats, Integers
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.queries.panels import Source
from forecastlab.lib import frames
from forecastlab.planning.domain.paths import Ranges
from forecastlab.planning.queries.forecast_tables import CODES

ENDS = ("lo95", "lo80", "yhat", "hi80", "hi95")
_ISSUED = f"""
SELECT f.series_id, s.unique_id, coalesce(st.code, '') AS store,
    coalesce(st.attributes->>'region', '') AS region, coalesce(p.code, '') AS product,
    coalesce(nullif(p.attributes->>'category', ''), p.code, '') AS category,
    coalesce(p.attributes->>'cost', '') AS cost, f.model, f.total, f.total_low, f.total_high,
    {", ".join(f"f.{one}" for one in ENDS)}
FROM forecasting_forecast f JOIN warehouse_series s ON s.id = f.series_id
LEFT JOIN warehouse_store st ON st.id = s.store_id
LEFT JOIN warehouse_product p ON p.id = s.product_id
WHERE f.issue_id = $1
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Inputs:
    """The series of an issue, by their ids; `cost` is that of one unit, NaN is unknown."""

    series: Integers
    names: Sequence[str]
    codes: Mapping[str, Sequence[str]]
    model: Sequence[str]
    cost: Floats
    ranges: Ranges

    @property
    def forecast(self) -> Floats:
        """Return the issued forecast, steps x series."""
        return np.asarray(self.ranges.quantiles[2], dtype=np.float64)

    def pick(self, places: Integers) -> Ranges:
        one = self.ranges
        return Ranges(
            one.quantiles[:, :, places],
            one.total[places],
            one.total_low[places],
            one.total_high[places],
        )


def of(issue: ForecastIssue) -> Inputs:
    rows = frames.read(_ISSUED, [issue.pk]).sort("series_id")
    shape = rows.height, issue.horizon
    ends = [rows[one].explode().to_numpy().reshape(shape).T for one in ENDS]
    return Inputs(
        series=rows["series_id"].to_numpy(),
        names=rows["unique_id"].to_list(),
        codes={one: rows[one].to_list() for one in CODES},
        model=rows["model"].to_list(),
        cost=rows["cost"].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy(),
        ranges=Ranges(
            np.stack(ends).astype(np.float64),
            *(rows[one].to_numpy() for one in ("total", "total_low", "total_high")),
        ),
    )


def ahead(issue: ForecastIssue, series: Integers) -> Mapping[str, Floats]:
    """Return what is told of signals after the origin, each steps x series; NaN is unknown."""
    if not issue.version.planned:
        return {}
    source = Source(issue.version)
    own = [one for one in source.columns if source.known.get(one)]
    told = [f"{one} AS s_{place}" for place, one in enumerate(own)]
    for place, name in source.names.items():
        if source.known[name]:
            told.append(f"signals[{place + 1:d}] AS s_{len(own)}")
            own.append(name)
    if not told:
        return {}
    query = f"""
    SELECT series_id, t, {", ".join(told)} FROM warehouse_salesfact
    WHERE version_id = $1 AND t > $2 AND t <= $3
    """  # noqa: S608
    rows = frames.read(query, [issue.version_id, issue.origin, issue.origin + issue.horizon])
    rows = rows.filter(pl.col("series_id").is_in(pl.Series(series).implode()))
    where = (
        rows["t"].to_numpy() - issue.origin - 1,
        np.searchsorted(series, rows["series_id"].to_numpy()),
    )
    found = {}
    for place, name in enumerate(own):
        values = np.full((issue.horizon, len(series)), np.nan)
        values[where] = rows[f"s_{place}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        found[name] = values
    return found


# How much of the past is shown before a plan, by frequency, in periods.
SHOWN: Mapping[str, int] = {"H": 96, "D": 42, "W": 26, "M": 24, "Q": 12, "Y": 10}
_SOLD = """
SELECT t, sum(quantity) AS sold FROM warehouse_salesfact
WHERE version_id = $1 AND t > $2 AND t <= $3 AND series_id = ANY($4::bigint[])
GROUP BY t ORDER BY t
"""


def history(issue: ForecastIssue, series: Integers) -> tuple[list[str], list[float | None]]:
    """Return the labels of the last periods up to the origin, and what some series sold in them."""
    first = max(issue.origin + 1 - SHOWN[issue.version.frequency], 0)
    listed = "{" + ",".join(str(one) for one in series.tolist()) + "}"
    rows = frames.read(_SOLD, [issue.version_id, first - 1, issue.origin, listed])
    told = dict(rows.iter_rows())
    numbers = range(first, issue.origin + 1)
    sold = [None if told.get(one) is None else round(float(told[one]), 6) for one in numbers]
    return [issue.version.calendar.label(one) for one in numbers], sold
