"""The forecast with its overrides as a table to take away."""

from __future__ import annotations

import numpy as np
import polars as pl

from forecastlab.planning.domain.override_lines import COLUMNS
from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.queries import forecast_tables, standing
from forecastlab.planning.queries.horizons import Horizon


def editable(horizon: Horizon) -> pl.DataFrame:
    """Return every period that is not sold yet: series, period, forecast, override, ...

    `revision` counts the changes of an override; uploaded again it tells whether somebody else
    was faster.
    """
    table = forecast_tables.of_scope(horizon.issue, Scope("all"))
    periods = horizon.labels[horizon.first_open :]
    told = standing.numbers(horizon.dataset, periods).select(
        "series_id",
        "period",
        pl.col("units").alias("override"),
        pl.col("reason").replace("", None),
        "revision",
    )
    long = pl.DataFrame(
        {
            "series_id": np.repeat(np.array(table.series, dtype=np.int64), len(periods)),
            "series": np.repeat(np.array(table.names, dtype=np.str_), len(periods)),
            "period": np.tile(np.array(periods, dtype=np.str_), len(table.series)),
            "forecast": table.model[:, horizon.first_open :].ravel(),
        }
    )
    joined = long.join(told, on=["series_id", "period"], how="left", maintain_order="left")
    filled = joined.with_columns(pl.col("revision").fill_null(0), pl.col("forecast").round(4))
    return filled.select(COLUMNS)
