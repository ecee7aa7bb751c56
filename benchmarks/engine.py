"""The panel models over a whole portfolio, beside a plain loop over its series.

    python -m benchmarks.engine [--series 10000] [--periods 730] [--horizon 28] [--peer 200]

Judges 3 folds and refits on all data: simulated series, and freshretail where it lies beside the
clone. The peer is what one writes first: plain Python, a list per series, the same naive, seasonal
naive and moving average and the same smoothing over the same grid of rates. It runs on --peer
series in the same process; its time is per 1,000 series. Ratios are printed, never asserted.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from forecastlab.forecasting.domain import config, folds, judgement, metrics, shards
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.judgement import Evidence
from forecastlab.forecasting.domain.panel import Facts, Panel, bare, build, groups_of
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.domain.smoothing import RATES

FRESHRETAIL = Path("../shared/data/freshretail-city0/sales_daily.parquet")
PEERS = ("naive", "seasonal_naive", "moving_average", "ses_weekday")


def simulated(series: int, periods: int) -> Panel:
    """Draw daily counts with a weekly season, promotions and a slow change of level."""
    draw = np.random.default_rng(42)
    t = np.arange(periods)[:, None]
    week = 1 + 0.3 * np.sin(2 * np.pi * (t + draw.integers(0, 2, series)) / 7)
    level = np.exp(draw.normal(1.5, 1.0, series)) * (
        1 + 0.2 * np.sin(t / 120 + draw.random(series))
    )
    promotion = np.where(draw.random((periods, series)) < 0.05, 2.0, 1.0)
    sales = draw.poisson(level * week * promotion).astype(np.float64)
    return bare(np.arange(series), sales)


def freshretail(path: Path) -> Panel:
    frame = (
        pl.read_parquet(path)
        .select(
            series_id=pl.struct("store_id", "product_id").rank("dense"),
            t=(pl.col("dt") - pl.col("dt").min()).dt.total_days(),
            quantity=pl.col("sale_amount").cast(pl.Float64),
            stockout_share=pl.col("stockout_hours_6_22") / 16,
        )
        .sort("series_id", "t")
    )
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    series = np.unique(columns["series_id"])
    return build(Facts(columns, int(columns["t"].max()) + 1), series, groups_of({}, len(series)))


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# -- the engine -------------------------------------------------------------------------------


def measure(name: str, panel: Panel, horizon: int, peer_series: int) -> None:
    asked = config.resolve({"horizon": horizon}, frequency="D")
    work = shards.judging(asked, panel.periods)
    began = time.perf_counter()
    learned = shards.learn(asked.single, panel, work)
    done = shards.run(panel, work, learned, lambda _: None)
    models = time.perf_counter() - began
    evidence = evidence_of(panel, asked, work)
    forecasts = {one: found.judged for one, found in done.items()}
    began = time.perf_counter()
    verdict = judgement.judge(evidence, forecasts, asked)
    judging = time.perf_counter() - began

    width, known = panel.width, evidence.judged
    print(
        f"\n{name}: {width:,} series x {panel.periods} periods, horizon {horizon}, 3 folds + refit"
    )
    print(f"  all models {models:6.2f} s   verdict {judging:5.2f} s   peak {peak():,.0f} MB")
    mine = 0.0
    for one, scores in verdict.standing.scores.items():
        seconds = done[one].seconds if one in done else 0.0
        mine += seconds if one in PEERS else 0.0
        print(f"  {one:<16} {seconds:6.2f} s   WAPE {scores.pooled(known)['wape']:6.2f}")
    loop = statistics.median(timed(lambda: peer(panel, work, peer_series)) for _ in range(3))
    theirs, ours = 1000 * loop / peer_series, 1000 * mine / width
    print(f"  per 1,000 series, four models: engine {ours:.3f} s, plain loop {theirs:.2f} s")
    print(f"  ratio: {theirs / ours:.0f} x")


def evidence_of(panel: Panel, asked: Config, work: Work) -> Evidence:
    judged = np.ones(panel.width, dtype=bool)
    judged[list(folds.unjudged(panel, asked.windows, asked.frequency))] = False
    scale = metrics.scales(panel.actual[: work.task.origins[0] + 1], asked.scale)
    return Evidence(folds.judged_values(panel.actual, asked.windows), scale, judged)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- the peer ---------------------------------------------------------------------------------


def peer(panel: Panel, work: Work, series: int) -> list[list[float]]:
    """Forecast every origin of some series with four models, one value after the other."""
    found = []
    for place in range(min(series, panel.width)):
        history = panel.fit[:, place].tolist()
        for origin in work.task.origins:
            known = [one for one in history[: origin + 1] if not math.isnan(one)]
            found += [model(known, work.task.steps) for model in (naive, seasonal, average, ses)]
    return found


def naive(known: list[float], steps: int) -> list[float]:
    return [known[-1] if known else 0.0] * steps


def seasonal(known: list[float], steps: int) -> list[float]:
    week = known[-7:] or [0.0]
    return [week[step % len(week)] for step in range(steps)]


def average(known: list[float], steps: int) -> list[float]:
    last = known[-14:] or [0.0]
    return [sum(last) / len(last)] * steps


def ses(known: list[float], steps: int) -> list[float]:
    week = [known[place::7] for place in range(7)]
    usual = (sum(known) / len(known) if known else 0.0) or 1.0
    index = [(sum(one) / len(one) / usual if one else 1.0) or 1.0 for one in week]
    adjusted = [one / index[place % 7] for place, one in enumerate(known)]
    best, least = 0.0, math.inf
    for rate in RATES:
        level, error = (adjusted[0] if adjusted else 0.0), 0.0
        for one in adjusted:
            error += (one - level) ** 2
            level += rate * (one - level)
        if error < least:
            best, least = level, error
    return [best * index[(len(known) + step) % 7] for step in range(steps)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--periods", type=int, default=730)
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--peer", type=int, default=200)
    options = parser.parse_args()
    print(f"numpy {np.__version__}, polars {pl.__version__}, one process")
    measure("simulated", simulated(options.series, options.periods), options.horizon, options.peer)
    if FRESHRETAIL.exists():
        measure("freshretail", freshretail(FRESHRETAIL), 14, options.peer)


if __name__ == "__main__":
    main()
