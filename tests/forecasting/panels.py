"""Panels for tests of the engine, made without a database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from forecastlab.forecasting.domain import config, folds, judgement, metrics, observed, shards
from forecastlab.forecasting.domain.champion import Grouping
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.evidence import Evidence, StockOuts
from forecastlab.forecasting.domain.judgement import Judgement
from forecastlab.forecasting.domain.panel import Facts, Panel, Parts, build, groups_of
from tests.factories import make_sales


def make_panel(sales=None, *, signals=None, groups=None, **columns) -> Panel:
    """Lay out periods x series of sales; NaN is a missing row.

    `signals` maps names to values, of the same or of more periods, and whether they are known
    ahead; `groups` maps store, product and category to codes by series.
    """
    sales = make_sales() if sales is None else sales
    signals = signals or {}
    laid = columns | {name: values for name, (values, _known) in signals.items()}
    rows = np.max([len(one) for one in (sales, *laid.values())])
    told = {name: _longer(one, rows) for name, one in {"quantity": sales, **laid}.items()}
    down, across = np.argwhere(~np.isnan(list(told.values())).all(axis=0)).T
    found = {"series_id": across, "t": down}
    found |= {name: one[down, across] for name, one in told.items()}
    known = {name: ahead for name, (_values, ahead) in signals.items()}
    facts = Facts(found, len(sales), rows - len(sales), known)
    return build(facts, np.arange(sales.shape[1]), groups_of(groups or {}, sales.shape[1]))


def _longer(values, rows):
    return np.concatenate([values, np.full((rows - len(values), values.shape[1]), np.nan)])


def read_freshretail(folder: Path) -> Panel:
    path = folder / "freshretail-city0" / "sales_daily.parquet"
    frame = pl.read_parquet(path).select(
        "store_id",
        "product_id",
        t=(pl.col("dt") - pl.col("dt").min()).dt.total_days(),
        quantity=pl.col("sale_amount").cast(pl.Float64),
        stockout_share=pl.col("stockout_hours_6_22") / 16,
    )
    return _panel_of(frame.rename({"store_id": "a", "product_id": "b"}))


def read_orange_juice(folder: Path) -> Panel:
    path = folder / "dominicks-oj" / "oj_long.csv.gz"
    frame = pl.read_csv(path, try_parse_dates=True).select(
        "store",
        "product",
        t=(pl.col("ds") - pl.col("ds").min()).dt.total_days() // 7,
        quantity=pl.col("quantity").cast(pl.Float64),
    )
    return _panel_of(frame.rename({"store": "a", "product": "b"}))


def _panel_of(frame: pl.DataFrame) -> Panel:
    frame = frame.with_columns(series_id=pl.struct("a", "b").rank("dense")).drop("a", "b")
    frame = frame.sort("series_id", "t")
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    series = np.unique(columns["series_id"])
    return build(Facts(columns, int(columns["t"].max()) + 1), series, groups_of({}, len(series)))


def judge(panel: Panel, *, frequency: str = "D", **options) -> tuple[Judgement, Evidence, Config]:
    """Judge a panel as a job does, in one process."""
    asked = config.resolve(options, frequency=frequency)
    config.check_history(asked, panel.periods)
    work = shards.judging(asked, panel.periods)
    done = run(panel, asked)
    reasons = folds.unjudged(panel, asked.windows, frequency)
    judged = np.ones(panel.width, dtype=bool)
    judged[list(reasons)] = False
    known = slice(work.task.origins[0] + 1)
    actual = folds.judged_values(panel.actual, asked.windows)
    evidence = Evidence(
        actual,
        metrics.scales(panel.actual[known], asked.scale),
        judged,
        closed=folds.judged_values(panel.closed[: panel.periods], asked.windows),
        stockouts=StockOuts.of(actual, folds.judged_values(panel.all_days, asked.windows)),
        level=np.nan_to_num(observed.mean_seen(panel.fit[known])),
        groups={"category": _grouped(panel.groups.category)},
    )
    forecasts = {name: one.judged for name, one in done.items()}
    return judgement.judge(evidence, forecasts, asked), evidence, asked


def _grouped(codes) -> Grouping:
    return Grouping(tuple(f"c{one}" for one in range(codes.max() + 1)), codes)


def whole_of(panel: Panel) -> Parts:
    """Return what models learn from in a job: the panel block by block, never in one piece."""
    return Parts(panel.periods, panel.known, panel.groups, panel.pieces)


def run(panel: Panel, asked: Config, parts: list[tuple[int, int]] | None = None):
    """Run every model, cut in parts, and put the results together again."""
    work = shards.judging(asked, panel.periods)
    learned = shards.learn(asked.single, whole_of(panel), work)
    cut = parts or [(0, panel.width)]
    made = [shards.run(panel.columns(*edges), work, learned, lambda _: None) for edges in cut]
    widths = [stop - start for start, stop in cut]
    return {name: shards.joined([one[name] for one in made], widths) for name in asked.single}
