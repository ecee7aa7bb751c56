"""The tables of a backtest to take away, as frames: a block at a time where they are long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.metrics import METRICS
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.services import exports
from forecastlab.lib import frames
from forecastlab.lib.errors import NotFound

SCORES = f"""
SELECT s.unique_id, told.model, told.points, {", ".join(f"told.{one}" for one in METRICS)}
FROM forecasting_seriesscore told JOIN warehouse_series s ON s.id = told.series_id
WHERE told.backtest_id = $1 AND told.model = $2 ORDER BY s.unique_id
"""  # noqa: S608 - names of our own columns
CHAMPIONS = """
SELECT s.unique_id, told.model, told.metric, told.value, told.margin, told.points, told.reason,
    told.score, told.runner_up
FROM forecasting_champion told JOIN warehouse_series s ON s.id = told.series_id
WHERE told.backtest_id = $1 ORDER BY s.unique_id
"""
GROUPS = """
SELECT "by", key, model, series, points, wape, mase, rmsse, bias
FROM forecasting_slicescore WHERE backtest_id = $1 ORDER BY "by", place, key, model
"""
MODEL_COLUMNS = (*METRICS, "seconds")


class NoSuchTable(NotFound):
    """There is no such table of a backtest."""

    code = "no_such_table"


def frames_of(backtest: Backtest, table: str) -> Iterator[pl.DataFrame]:
    """Return a table of a backtest as frames of one schema; raises NoSuchTable."""
    tables: Mapping[str, Callable[[Backtest], Iterator[pl.DataFrame]]] = {
        "models": _models,
        "groups": _groups,
        "scores": _scores,
        "champions": _champions,
        "judged": _judged,
    }
    if table not in tables:
        raise NoSuchTable(
            _("A backtest has no table '%(name)s'.") % {"name": table},
            hint=_("There are: %(names)s.") % {"names": ", ".join(tables)},
        )
    return tables[table](backtest)


def _models(backtest: Backtest) -> Iterator[pl.DataFrame]:
    models = backtest.result["models"]
    columns: dict[str, pl.Series] = {"model": pl.Series(list(models), dtype=pl.String)}
    for name in MODEL_COLUMNS:
        columns[name] = pl.Series([one.get(name) for one in models.values()], dtype=pl.Float64)
    for level in backtest.config["levels"]:
        inside = [one.get("coverage", {}).get(str(level)) for one in models.values()]
        columns[f"inside_{level}"] = pl.Series(inside, dtype=pl.Float64)
    yield pl.DataFrame(columns)


def _groups(backtest: Backtest) -> Iterator[pl.DataFrame]:
    yield frames.read(GROUPS, [backtest.pk])


def _scores(backtest: Backtest) -> Iterator[pl.DataFrame]:
    for model in backtest.result["models"]:
        yield frames.read(SCORES, [backtest.pk, model])


def _champions(backtest: Backtest) -> Iterator[pl.DataFrame]:
    yield frames.read(CHAMPIONS, [backtest.pk])


def _judged(backtest: Backtest) -> Iterator[pl.DataFrame]:
    yield from exports.judged_by_part(backtest)
