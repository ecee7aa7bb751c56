"""How fast sales are simulated and loaded, as ratios to bare draws and a bare COPY.

    python -m benchmarks.simulator [--stores N --products N --days N --preset NAME]

Starts PostgreSQL and Redis of its own. The peers: numpy drawing as many random numbers of one
stream, for the same effects, and multiplying them into as many demands; and one COPY of the very
same rows, already in COPY's binary form, into a table of the same shape with the same key.
"""

from __future__ import annotations

import argparse
import json
import resource
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.warehouse import bare_copy, encoded, timed  # noqa: E402
from forecastlab.warehouse.domain.simulator import config as configs  # noqa: E402
from forecastlab.warehouse.domain.simulator import sales, size  # noqa: E402
from forecastlab.warehouse.domain.simulator.config import Config  # noqa: E402
from forecastlab.warehouse.domain.simulator.world import World  # noqa: E402
from forecastlab.warehouse.gateways import drawing, workplace  # noqa: E402
from forecastlab.warehouse.models import DatasetVersion  # noqa: E402
from forecastlab.warehouse.services import loading, simulations  # noqa: E402
from tests.factories import make_user, run_job  # noqa: E402

# Stock-outs, their lengths and odd days; promotions and prices are drawn for the chain.
UNIFORMS = 3
AS_OF = date(2026, 11, 21)


def bare_draws(config: Config) -> None:
    """Draw what the effects of a series need, a store at a time, and multiply it."""
    generator = np.random.default_rng(config.seed)
    shape = (config.products, config.days)
    for _store in range(config.stores):
        demand = 100 * (1 + config.noise_sigma * generator.standard_normal(shape))
        for _effect in range(UNIFORMS):
            demand = demand * generator.random(shape)
        np.maximum(np.rint(demand), 0.0)


def drawn(config: Config) -> None:
    for _store in sales.draw(World(config)):
        pass


def written(config: Config) -> None:
    place = workplace.begin()
    try:
        drawing.draw(config, place, lambda _done: None)
    finally:
        place.discard()


def simulated(config: Config) -> None:
    job = run_job(simulations.start("bench", config, by=make_user("alice"), at=timezone.now()))
    if job.status != "succeeded":
        raise SystemExit(f"the simulation {job.status}: {job.error}")


def table_mb(version: DatasetVersion) -> float:
    """Return what the version's facts and their key take in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [loading.partition(version)])
        return round(cursor.fetchone()[0] / 1e6, 1)


def peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(config: Config) -> dict[str, Any]:
    seconds = {
        "bare_draws": timed(partial(bare_draws, config)),
        "drawn": timed(partial(drawn, config)),
        "written": timed(partial(written, config)),
        "simulated_and_loaded": timed(partial(simulated, config)),
    }
    peak = peak_mb()  # before the peer holds all rows
    version = DatasetVersion.objects.get()
    blocks, columns = encoded(version)
    seconds["bare_copy"] = timed(partial(bare_copy, blocks, columns))
    told = size.of(config)
    peers = seconds["bare_draws"] + seconds["bare_copy"]
    return {
        "rows": version.rows,
        "series": version.series_count,
        **{f"{name}_seconds": round(found, 2) for name, found in seconds.items()},
        "drawn_to_bare_draws": round(seconds["drawn"] / seconds["bare_draws"], 1),
        "whole_to_bare_draws_and_copy": round(seconds["simulated_and_loaded"] / peers, 2),
        "peak_memory_mb": peak,
        "table_mb": table_mb(version),
        "told_before": {"seconds": told.seconds, "megabytes": told.megabytes},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="retail_standard")
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--days", type=int, default=730)
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    knobs = {"stores": given.stores, "products": given.products}
    config = configs.build(given.preset, seed=42, as_of=AS_OF, knobs=knobs)
    # Longer than a person may ask for: the knob ends at a year.
    print(json.dumps(measure(replace(config, window_days=given.days - 1)), indent=2))


if __name__ == "__main__":
    main()
