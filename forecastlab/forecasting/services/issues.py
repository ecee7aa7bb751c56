"""Forecasts that count: issued together, stored by COPY, never changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import lifecycle
from forecastlab.forecasting.domain import serving as servings
from forecastlab.forecasting.domain.digests import Sum
from forecastlab.forecasting.domain.lifecycle import Lives
from forecastlab.forecasting.domain.panel import Floats
from forecastlab.forecasting.domain.serving import Issued, Serving
from forecastlab.forecasting.models import Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.services import configs, trained
from forecastlab.lib import frames
from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.models import DatasetVersion, Series

TABLE = Forecast._meta.db_table
ACROSS = ("yhat", "lo80", "hi80", "lo95", "hi95")
_ISSUED = f"""
SELECT s.unique_id, f.model, {", ".join(f"f.{one}" for one in ACROSS)}
FROM {TABLE} f JOIN warehouse_series s ON s.id = f.series_id WHERE f.issue_id = $1
"""  # noqa: S608


def of_job(context: StepContext) -> ForecastIssue | None:
    return ForecastIssue.objects.filter(key=configs.key(context)).first()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be issued: a row without its model run, and the forecasts of the series.

    `instead` names the model that serves where known signals are not given as far ahead.
    """

    issue: ForecastIssue
    forecasts: pl.DataFrame
    instead: str


def prepare(
    context: StepContext, version: DatasetVersion, serving: Serving, final: dict[str, Floats]
) -> Prepared:
    """Compute what each series' champion forecasts; takes a while, so before any transaction.

    Where known signals are not given as far ahead, models serve that need none.
    """
    ahead = len(next(iter(final.values())))
    in_force = serving.in_force(context.results["features"].get("planned"), ahead)
    lives = lifecycle.unpack(gateways.get_arrays(context.results["features"]["lives"]))
    goes_on = lives.ended == ""
    issued = servings.issue(in_force, final, trained.closed(context, ahead))
    issued = lifecycle.by_group(issued, lives)
    names, counts = np.unique(issued.model[goes_on], return_counts=True)
    issue = ForecastIssue(
        version=version,
        key=configs.key(context),
        alias=context.params.get("alias") or "",
        origin=version.history - 1,
        horizon=ahead,
        series_count=int(goes_on.sum()),
        without_forecast=_without(serving, lives),
        champions={str(name): int(count) for name, count in zip(names, counts, strict=True)},
        without_plan=in_force is not serving,
        created_by_id=context.actor_id,
        created_at=context.now,
    )
    frame = _frame(in_force, issued).filter(pl.Series(goes_on))
    return Prepared(issue, frame, in_force.default if issue.without_plan else "")


def keep(prepared: Prepared, model_run: ModelRun) -> ForecastIssue:
    """Issue what was prepared, in the current transaction."""
    issue = prepared.issue
    if prepared.instead:
        runs = ModelRun.objects.filter(backtest=model_run.backtest_id)
        model_run = runs.get(model=prepared.instead)
    issue.model_run, issue.backtest_id = model_run, model_run.backtest_id
    issue.save(force_insert=True)
    frame = prepared.forecasts.with_columns(issue_id=pl.lit(issue.pk, pl.Int64))
    frames.copy_in(TABLE, frame.columns, [frame])
    return issue


def _without(serving: Serving, lives: Lives) -> list[dict[str, str]]:
    """Return which series are not forecast, and why."""
    over = {
        int(serving.series[one]): str(lives.ended[one]) for one in np.flatnonzero(lives.ended != "")
    }
    named = Series.objects.filter(pk__in=over).order_by("pk").values_list("pk", "unique_id")
    return [{"series": name, "reason": over[pk]} for pk, name in named]


def digest(issue: ForecastIssue) -> str:
    """Return what the stored forecasts come to: model, forecast and ranges of every series."""
    rows, found = frames.read(_ISSUED, [issue.pk]), Sum()
    width = len(ACROSS) * issue.horizon
    numbers = rows.select(pl.concat_list(ACROSS).list.explode()).to_series().to_numpy()
    found.add(rows["unique_id"].to_list(), numbers.reshape(-1, width), rows["model"].to_list())
    return found.hexdigest()


def note(issue: ForecastIssue) -> str:
    """Return what a step adds where nothing was known ahead, else ""."""
    if not issue.without_plan:
        return ""
    return _("; known signals are not given so far ahead, so only models that need none serve")


def _frame(serving: Serving, issued: Issued) -> pl.DataFrame:
    across = {"yhat": issued.forecast}
    for level, (low, high) in issued.ranges.items():
        across |= {f"lo{level}": low, f"hi{level}": high}
    return pl.DataFrame(
        {
            "series_id": serving.series,
            "model": issued.model,
            "total": issued.total,
            "total_low": issued.total_range[0],
            "total_high": issued.total_range[1],
            "wape": serving.wape,
            **{name: np.ascontiguousarray(one.T) for name, one in across.items()},
        }
    ).with_columns(pl.col("wape").fill_nan(None))
