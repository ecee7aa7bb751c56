"""The stores and categories of series, by name."""

from __future__ import annotations

import numpy as np
import polars as pl

from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.evidence import CATEGORY
from forecastlab.forecasting.domain.panel import Integers
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion

STORE = "store"


def of_series(version: DatasetVersion, series: Integers) -> dict[str, Grouping]:
    """Tell series apart by store and by category, as far as the version names them.

    A product without a category is one by itself, under its own name.
    """
    told = warehouse.series_frame(version).drop("unique_id")
    told = told.with_columns(pl.col(pl.String).replace("", None))
    told = told.with_columns(pl.coalesce(CATEGORY, "product").alias(CATEGORY))
    found = pl.DataFrame({"series_id": series}).join(told, on="series_id", how="left")
    return {by: _grouping(found[by]) for by in (STORE, CATEGORY) if found[by].null_count() == 0}


def _grouping(labels: pl.Series) -> Grouping:
    names = labels.unique().sort()
    codes = labels.replace_strict(names, np.arange(len(names)), return_dtype=pl.Int64)
    return Grouping(tuple(names.to_list()), codes.to_numpy())
