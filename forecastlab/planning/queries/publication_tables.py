"""The numbers of published forecasts: as frames, and to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forecastlab.lib import frames
from forecastlab.planning.models import Publication
from forecastlab.planning.queries import scopes
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.warehouse import queries as warehouse

_SERIES = """
SELECT p.series_id, s.unique_id, p.model, p.yhat, p.model_yhat
FROM planning_publishedseries p JOIN warehouse_series s ON s.id = p.series_id
WHERE p.publication_id = $1
"""
_OVERRIDDEN = """
SELECT p.series_id, p.step, o.reason, u.username AS author
FROM planning_publishedoverride p JOIN planning_override o ON o.id = p.override_id
JOIN accounts_user u ON u.id = o.made_by_id
WHERE p.publication_id = $1
"""


@dataclass(frozen=True)
class Numbers:
    """What went out, series x periods; `labels` name the periods."""

    names: Sequence[str]
    labels: Sequence[str]
    published: NDArray[np.float64]
    model: NDArray[np.float64]


def horizon(publication: Publication) -> Horizon:
    """Return the periods of a published forecast."""
    return Horizon(publication.issue, publication.issue.origin)


def numbers(publication: Publication) -> Numbers:
    frame = frames.read(_SERIES, [publication.pk]).sort("unique_id")
    shape = frame.height, publication.issue.horizon
    published, model = (
        frame[one].explode().to_numpy().astype(np.float64).reshape(shape)
        if frame.height
        else np.zeros(shape)
        for one in ("yhat", "model_yhat")
    )
    return Numbers(frame["unique_id"].to_list(), horizon(publication).labels, published, model)


def long(publication: Publication) -> pl.DataFrame:
    """Return unique_id, ds, model, model_forecast, forecast, and who overrode it and why."""
    frame = frames.read(_SERIES, [publication.pk]).sort("unique_id")
    issue = publication.issue
    moments = warehouse.moments(issue.version, horizon(publication).numbers)
    steps = np.tile(np.arange(issue.horizon), frame.height)
    overridden = frames.read(_OVERRIDDEN, [publication.pk]).rename({"author": "overridden_by"})
    return (
        frame.explode("yhat", "model_yhat")
        .with_columns(moments.gather(steps), pl.Series("step", steps + 1, dtype=pl.Int32))
        .join(overridden, on=["series_id", "step"], how="left", maintain_order="left")
        .select(
            "unique_id",
            "ds",
            "model",
            pl.col("model_yhat").alias("model_forecast"),
            pl.col("yhat").alias("forecast"),
            "overridden_by",
            "reason",
        )
    )


def reasons(publication: Publication) -> dict[int, str]:
    """Return for each overridden series by whom and why, such as "ada: Promotion, Price"."""
    told = frames.read(_OVERRIDDEN, [publication.pk])
    each = told.select("series_id", "author", "reason").unique().sort("author", "reason")
    found: dict[int, dict[str, list[str]]] = {}
    for series, author, reason in each.iter_rows():
        found.setdefault(series, {}).setdefault(author, []).append(scopes.reason(reason))
    return {
        series: "; ".join(f"{author}: {', '.join(why)}" for author, why in some.items())
        for series, some in found.items()
    }
