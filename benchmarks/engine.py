"""The default zoo over a whole portfolio, from the database to stored forecasts, beside its peers.

    python -m benchmarks.engine [--series 10000] [--periods 730] [--horizon 28]
        [--peer 1000] [--slow-peer 60] [--sizes 1000 10000 50000] [--skip-jobs]

Starts PostgreSQL and Redis of its own and simulates the sales. Then it prints: the job that judges
3 folds, refits and stores forecasts, with 1, 2 and 4 workers; the memory of a worker by the number
of series, over fewer days; what is taken over when days are added; the panel models alone;
LightGBM beside mlforecast's; the panel models beside models of statsforecast. SeasonalNaive is
measured on the same series, mlforecast on the first --peer, DynamicOptimizedTheta on the first
--slow-peer; times are given per 1,000 series too. Ratios are printed, never asserted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import version as version_of
from itertools import product

import numpy as np
from django.core.management import call_command

from benchmarks import peers
from benchmarks.peers import Measured
from benchmarks.portfolio import job_with, simulated
from forecastlab.forecasting.domain import config, metrics, shards
from forecastlab.forecasting.domain.folds import judged_values
from forecastlab.forecasting.domain.panel import Panel, Parts
from forecastlab.forecasting.domain.protocol import unheard
from forecastlab.forecasting.queries import panels
from forecastlab.lib import compiled, memory
from forecastlab.warehouse.domain.content import NUMBERS
from tests.factories import make_version

PACKAGES = ("numpy", "polars", "lightgbm", "statsforecast", "mlforecast")
MEMORY_DAYS = 120
# How often what takes a second or two is run; the least time is told.
ROUNDS = 3


# -- the whole job -----------------------------------------------------------------------------


def growing(panel: Panel, horizon: int) -> None:
    """Judge sales without their last days, then with them: what is taken over, what it saves."""
    told = zip(panel.signals.names, panel.signals.values, strict=True)
    columns = {name: values for name, values in told if name in NUMBERS}
    for days in (panel.periods - horizon, panel.periods):
        here = {name: values[:days] for name, values in columns.items()}
        version = make_version(panel.all_days[:days], name="growing", **here)
        job_with(version, 1, horizon, reuse=True)
    job_with(version, 1, horizon)


# -- in this process ---------------------------------------------------------------------------


def whole_of(panel: Panel) -> Parts:
    """Return the panel as jobs have it, laid out block by block."""
    blocks = list(panel.pieces())
    return Parts(panel.periods, panel.known, panel.groups, lambda: iter(blocks))


def own(models: Iterable[str], panel: Panel, asked: config.Config) -> dict[str, Measured]:
    """Run models over a panel and return their times, learning included, and errors."""
    work, whole = shards.judging(asked, panel.periods), whole_of(panel)
    actual = judged_values(panel.actual, asked.windows)
    scales = metrics.scales(panel.actual[: work.task.origins[0] + 1], asked.scale)
    everyone = np.ones(panel.width, dtype=bool)
    learned, seconds = {}, {}
    for name in models:
        began = time.perf_counter()
        learned |= shards.learn((name,), whole, work)
        seconds[name] = time.perf_counter() - began
    # Side by side as in a shard, where models share the seasons of a block.
    made = [shards.run(block, work, learned, unheard) for block in whole.pieces()]
    found = {}
    for name in learned:
        judged = np.concatenate([one[name].judged for one in made], axis=-1)
        error = metrics.score(actual, judged, scales).pooled(everyone)["wape"]
        spent = seconds[name] + sum(one[name].seconds for one in made)
        found[name] = Measured(panel.width, spent, error)
    return found


def spread(models: tuple[str, ...], panel: Panel, asked: config.Config, processes: int) -> float:
    """Run models over a panel as shards in processes of their own; return the seconds it takes."""
    work, whole = shards.judging(asked, panel.periods), whole_of(panel)
    blocks = list(whole.pieces())
    began = time.perf_counter()
    learned = shards.learn(models, whole, work)

    def part(first: int) -> None:
        for block in blocks[first::processes]:
            shards.run(block, work, learned, unheard)

    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=part, args=(first,)) for first in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise SystemExit("A shard of the panel models failed.")
    return time.perf_counter() - began


def least(times: int, run: Callable[[], Measured]) -> Measured:
    """Run so many times and return what took the least time."""
    return min((run() for _ in range(times)), key=lambda one: one.seconds)


def told(name: str, one: Measured, note: str = "") -> None:
    print(
        f"  {name:<22} {one.seconds:7.2f} s on {one.series:6,} series   "
        f"{one.per_thousand:8.3f} s per 1,000   WAPE {one.wape:6.2f}   {note}"
    )


def compare(panel: Panel, horizon: int, sample: int, slow: int) -> None:
    compiled.compile_all("forecastlab.forecasting.domain")  # loaded before, as the peers' code is
    memory.use_again()  # as every step of a job does; it holds for the peers as well
    asked = config.resolve({"horizon": horizon}, frequency="D")
    work = shards.judging(asked, panel.periods)
    local = shards.local(asked.single)

    print(f"\npanel models alone, one process: {len(local)} models, 3 folds + refit")
    rounds = [own(local, panel, asked) for _ in range(ROUNDS)]
    mine = min(rounds, key=lambda each: sum(one.seconds for one in each.values()))
    for name, one in mine.items():
        told(name, one)
    together = sum(one.per_thousand for one in mine.values())
    print(f"  together {together * panel.width / 1000:.2f} s, {together:.3f} s per 1,000")
    for processes in (1, 2):
        seconds = min(spread(tuple(local), panel, asked, processes) for _ in range(ROUNDS))
        print(f"  as shards in {processes} processes {seconds:.2f} s")

    print("\nbeside statsforecast, cross_validation and forecast")
    polars, pandas = "polars", "pandas"
    asked_of = (
        ("SeasonalNaive", panel.width, ROUNDS, product((polars, pandas), ("numbers", "text"))),
        ("DynamicOptimizedTheta", slow, 1, [(polars, "numbers")]),
    )
    for name, series, times, ways in asked_of:
        part = panel.columns(0, min(series, panel.width))
        for frame, names in ways:
            given = {"pandas": frame == pandas, "text": names == "text"}
            one = least(times, partial(peers.single, name, part, work, **given))
            ratio = f"{one.per_thousand / together:.1f} x all panel models together"
            told(name, one, f"{ratio}, given {frame}, series named by {names}")
        ours = mine if part.width == panel.width else own(local, part, asked)
        best = min(ours.items(), key=lambda each: each[1].wape)
        told(f"of ours: {best[0]}", best[1])
    beside_mlforecast(panel, panel.columns(0, min(sample, panel.width)), asked)


def beside_mlforecast(panel: Panel, few: Panel, asked: config.Config) -> None:
    print("\nLightGBM direct beside mlforecast's recursive, refitted for each fold")
    whole, same = (own(["lightgbm"], one, asked)["lightgbm"] for one in (panel, few))
    peer = peers.recursive(few, shards.judging(asked, panel.periods))
    told("lightgbm", whole, f"{peer.per_thousand / whole.per_thousand:.1f} x faster per series")
    told("lightgbm", same, f"{peer.seconds / same.seconds:.1f} x faster on the same series")
    told("mlforecast", peer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--periods", type=int, default=730)
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--peer", type=int, default=1_000)
    parser.add_argument("--slow-peer", type=int, default=60)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 50_000])
    parser.add_argument("--skip-jobs", action="store_true", help="the comparisons only")
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    told_versions = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {told_versions}")
    version = simulated("sales", given.series, given.periods)
    print(
        f"simulated: {version.series_count:,} series x {version.periods} days, "
        f"{version.rows:,} rows; horizon {given.horizon}, 3 folds, refit"
    )
    if not given.skip_jobs:
        print("\nfrom the database to stored forecasts, default zoo")
        for workers in (1, 2, 4):
            job_with(version, workers, given.horizon)
        for size in given.sizes:
            print(f"\n{size:,} series x {MEMORY_DAYS} days")
            job_with(simulated(f"sales-{size}", size, MEMORY_DAYS), 1, 14)
    source = panels.Source(version)
    panel = source.part(0, source.width).panel
    if not given.skip_jobs:
        print(f"\n{given.horizon} days added to {given.periods - given.horizon}, then made anew")
        growing(panel, given.horizon)
    compare(panel, given.horizon, given.peer, given.slow_peer)


if __name__ == "__main__":
    main()
