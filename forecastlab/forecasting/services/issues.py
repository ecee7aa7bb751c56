"""Forecasts that count: issued together, stored by COPY, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import lifecycle
from forecastlab.forecasting.domain import serving as servings
from forecastlab.forecasting.domain.by_model import ByModel, parts
from forecastlab.forecasting.domain.digests import Sum
from forecastlab.forecasting.domain.lifecycle import Lives
from forecastlab.forecasting.domain.panel import Flags
from forecastlab.forecasting.domain.serving import Issued, Serving
from forecastlab.forecasting.models import Forecast, ForecastIssue, ModelRun
from forecastlab.forecasting.services import configs, trained
from forecastlab.lib import frames
from forecastlab.lib.contributions import StepContext
from forecastlab.warehouse.models import DatasetVersion, Series

TABLE = Forecast._meta.db_table
# So many series are read back at a time.
READ_AT_ONCE = 4_000
ACROSS = ("yhat", "lo80", "hi80", "lo95", "hi95")
_ISSUED = f"""
SELECT s.unique_id, f.model, {", ".join(f"f.{one}" for one in ACROSS)}
FROM {TABLE} f JOIN warehouse_series s ON s.id = f.series_id
WHERE f.issue_id = $1 AND f.series_id BETWEEN $2 AND $3
"""  # noqa: S608


def of_job(context: StepContext) -> ForecastIssue | None:
    return ForecastIssue.objects.filter(key=configs.key(context)).first()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be issued: a row without its model run, and the forecasts of the series.

    `goes_on` marks the series that are forecast. `instead` names the model that serves where known
    signals are not given as far ahead.
    """

    issue: ForecastIssue
    serving: Serving
    issued: Issued
    goes_on: Flags
    instead: str


def prepare(
    context: StepContext, version: DatasetVersion, serving: Serving, final: ByModel
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
    instead = in_force.default if issue.without_plan else ""
    return Prepared(issue, in_force, issued, goes_on, instead)


def keep(prepared: Prepared, model_run: ModelRun) -> ForecastIssue:
    """Issue what was prepared, in the current transaction."""
    issue = prepared.issue
    if prepared.instead:
        runs = ModelRun.objects.filter(backtest=model_run.backtest_id)
        model_run = runs.get(model=prepared.instead)
    issue.model_run, issue.backtest_id = model_run, model_run.backtest_id
    issue.save(force_insert=True)
    rows = _frames(prepared)
    first = next(rows)
    frames.copy_in(TABLE, first.columns, chain([first], rows))
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
    found, width = Sum(), len(ACROSS) * issue.horizon
    issued = Forecast.objects.filter(issue=issue).order_by("series_id")
    series = list(issued.values_list("series_id", flat=True))
    for start in range(0, len(series), READ_AT_ONCE):
        ids = series[start : start + READ_AT_ONCE]
        rows = frames.read(_ISSUED, [issue.pk, ids[0], ids[-1]])
        numbers = rows.select(pl.concat_list(ACROSS).list.explode()).to_series().to_numpy()
        found.add(rows["unique_id"].to_list(), numbers.reshape(-1, width), rows["model"].to_list())
    return found.hexdigest()


def note(issue: ForecastIssue) -> str:
    """Return what a step adds where nothing was known ahead, else ""."""
    if not issue.without_plan:
        return ""
    return _("; known signals are not given so far ahead, so only models that need none serve")


def _frames(prepared: Prepared) -> Iterator[pl.DataFrame]:
    """Yield the rows of an issue that is written, some series after others."""
    serving, issued = prepared.serving, prepared.issued
    across = {"yhat": issued.forecast}
    for level, (low, high) in issued.ranges.items():
        across |= {f"lo{level}": low, f"hi{level}": high}
    for part in parts(len(serving.series)):
        yield (
            pl.DataFrame(
                {
                    "series_id": serving.series[part],
                    "model": issued.model[part],
                    "total": issued.total[part],
                    "total_low": issued.total_range[0][part],
                    "total_high": issued.total_range[1][part],
                    "wape": serving.wape[part],
                    **{name: np.ascontiguousarray(one[:, part].T) for name, one in across.items()},
                }
            )
            .filter(pl.Series(prepared.goes_on[part]))
            .with_columns(
                pl.col("wape").fill_nan(None), issue_id=pl.lit(prepared.issue.pk, pl.Int64)
            )
        )
