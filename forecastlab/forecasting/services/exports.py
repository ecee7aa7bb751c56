"""Forecasts to take away: long frames with the words of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.models import Backtest, ForecastIssue
from forecastlab.lib import frames
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion

AT_ONCE = 2_000
RANGES = ("lo80", "hi80", "lo95", "hi95")


def judged(backtest: Backtest, series_id: int | None = None) -> pl.DataFrame:
    """Return every forecast that was scored: unique_id, ds, cutoff, model, y, yhat."""
    if series_id is None:
        return _long(backtest, gateways.get_frame(backtest.forecasts))
    return _long(backtest, gateways.get_rows(backtest.forecasts, "series_id", series_id))


def judged_by_part(backtest: Backtest) -> Iterator[pl.DataFrame]:
    """Yield the same in the same order, some series at a time."""
    there = gateways.get_column(backtest.forecasts, "series_id")
    named = _names(backtest.version).filter(pl.col("series_id").is_in(there.implode()))
    series = named.sort("unique_id")["series_id"]
    for start in range(0, max(len(series), 1), AT_ONCE):
        some = series[start : start + AT_ONCE]
        yield _long(backtest, gateways.get_some_rows(backtest.forecasts, "series_id", some))


def _long(backtest: Backtest, stored: pl.DataFrame) -> pl.DataFrame:
    wide = stored.filter("judged", pl.col("y").is_not_null())
    models = [name for name in backtest.result["models"] if name in wide.columns]
    return (
        wide.join(_windows(backtest), on=["fold", "step"])
        .join(_names(backtest.version), on="series_id")
        .unpivot(
            on=models,
            index=["unique_id", "ds", "cutoff", "y"],
            variable_name="model",
            value_name="yhat",
        )
        .select("unique_id", "ds", "cutoff", "model", "y", "yhat")
        .sort("unique_id", "model", "cutoff", "ds")
    )


def issued(issue: ForecastIssue, series_id: int | None = None) -> pl.DataFrame:
    """Return the forecasts of an issue: unique_id, ds, model, yhat and the ranges."""
    return _issued(issue, None if series_id is None else [series_id])


def issued_by_part(issue: ForecastIssue) -> Iterator[pl.DataFrame]:
    """Yield the same in the same order, some series at a time."""
    query = "SELECT series_id FROM forecasting_forecast WHERE issue_id = $1"
    there = frames.read(query, [issue.pk]).join(_names(issue.version), on="series_id")
    series = there.sort("unique_id")["series_id"].to_list()
    for start in range(0, max(len(series), 1), AT_ONCE):
        yield _issued(issue, series[start : start + AT_ONCE])


def _issued(issue: ForecastIssue, series: Sequence[int] | None) -> pl.DataFrame:
    query = (
        f"SELECT series_id, model, yhat, {', '.join(RANGES)} FROM forecasting_forecast"  # noqa: S608
        " WHERE issue_id = $1"
    )
    parameters: list[Any] = [issue.pk]
    if series is not None:
        query += " AND series_id = ANY($2::bigint[])"
        parameters.append("{" + ",".join(str(int(one)) for one in series) + "}")
    moments = warehouse.moments(
        issue.version, range(issue.origin + 1, issue.origin + 1 + issue.horizon)
    )
    found = frames.read(query, parameters)
    steps = np.tile(np.arange(issue.horizon), found.height)
    return (
        found.explode("yhat", *RANGES)
        .with_columns(moments.gather(steps))
        .join(_names(issue.version), on="series_id")
        .select("unique_id", "ds", "model", "yhat", *RANGES)
        .sort("unique_id", "ds")
    )


def _windows(backtest: Backtest) -> pl.DataFrame:
    """Return the period and the cutoff of every fold and step."""
    version = backtest.version
    windows = rules.restore(backtest.config).judged_in(version.history)
    cells = [
        (fold, step, one.start + step - 1, one.origin)
        for fold, one in enumerate(windows)
        for step in range(1, backtest.horizon + 1)
    ]
    found = pl.DataFrame(
        {"fold": [one[0] for one in cells], "step": [one[1] for one in cells]},
        schema={"fold": pl.Int16, "step": pl.Int16},
    )
    return found.with_columns(
        warehouse.moments(version, [one[2] for one in cells]),
        warehouse.moments(version, [one[3] for one in cells]).alias("cutoff"),
    )


def _names(version: DatasetVersion) -> pl.DataFrame:
    query = "SELECT id AS series_id, unique_id FROM warehouse_series WHERE dataset_id = $1"
    return frames.read(query, [version.dataset_id])
