"""How fast sales come in and go out, as ratios to the bare database in the same run.

    python -m benchmarks.warehouse [FILE --map ROLE=COLUMN ...]

Starts PostgreSQL and Redis of its own. Without a file it takes the real sales beside the clone.
The peers: one COPY of the very same rows, already in COPY's binary form, into a table of the same
shape with the same key; and one ADBC read of the same columns, unsorted.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from forecastlab.accounts.models import User  # noqa: E402
from forecastlab.jobs.models import Job  # noqa: E402
from forecastlab.lib import frames  # noqa: E402
from forecastlab.warehouse import queries  # noqa: E402
from forecastlab.warehouse.models import DatasetVersion  # noqa: E402
from forecastlab.warehouse.services import imports, uploads  # noqa: E402
from forecastlab.warehouse.services.imports import Options  # noqa: E402
from tests.factories import make_user, run_job  # noqa: E402

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
FILE = DATA / "freshretail-city0" / "sales_daily.parquet"
MAPPING = (
    "store=store_id",
    "product=product_id",
    "ds=dt",
    "quantity=sale_amount",
    "stockout_share=stockout_hours_6_22/16",
)
READ = ("quantity", "promo", "stockout_share")
FACTS = f"SELECT series_id, t, {', '.join(READ)} FROM warehouse_salesfact WHERE version_id = $1"
ROUNDS = 3


def import_file(path: Path, placed: list[str], name: str) -> Job:
    upload = uploads.receive_path(path)
    by = User.objects.filter(username="alice").first() or make_user("alice")
    job = run_job(
        imports.start(name, upload, options=Options(placed=placed), by=by, at=timezone.now())
    )
    if job.status != "succeeded":
        raise SystemExit(f"the import {job.status}: {job.error}")
    return job


def bare_copy(blocks: list[bytes], columns: list[str]) -> None:
    """Send rows that are already encoded."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_facts")
        cursor.execute("CREATE TABLE bench_facts (LIKE warehouse_salesfact INCLUDING DEFAULTS)")
        with cursor.copy(f"COPY bench_facts ({', '.join(columns)}) FROM STDIN BINARY") as copy:
            copy.write(frames.SIGNATURE)
            for block in blocks:
                copy.write(block)
            copy.write(frames.TRAILER)
        cursor.execute("ALTER TABLE bench_facts ADD PRIMARY KEY (version_id, series_id, t)")


def encoded(version: DatasetVersion) -> tuple[list[bytes], list[str]]:
    """Return the version's rows in COPY's binary form."""
    columns = ["version_id", "series_id", "t", *version.profile["columns"], "held_back"]
    query = f"SELECT {', '.join(columns)} FROM warehouse_salesfact WHERE version_id = $1"
    rows = frames.read(query, [version.pk]).sort("series_id", "t")
    return [frames.encoded(one) for one in rows.iter_slices(frames.BLOCK)], columns


def timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(path: Path, placed: list[str]) -> dict[str, Any]:
    """Take the best of ROUNDS, all in turn, so that a busy machine is busy for all of them."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    peak = 0.0
    for one in range(ROUNDS):
        name = f"bench-{one}"
        seconds["import"].append(timed(partial(import_file, path, placed, name)))
        # The first import's: later ones stand on the memory of the peers.
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        version = DatasetVersion.objects.get(dataset__name=name)
        blocks, columns = encoded(version)
        seconds["bare_copy"].append(timed(partial(bare_copy, blocks, columns)))
        seconds["bare_read"].append(timed(partial(frames.read, FACTS, [version.pk])))
        seconds["read_back"].append(timed(partial(queries.facts, version, READ)))
    best = {name: min(found) for name, found in seconds.items()}
    return {
        "rows": version.rows,
        "series": version.series_count,
        **{f"{name}_seconds": round(found, 3) for name, found in best.items()},
        "import_to_bare_copy": round(best["import"] / best["bare_copy"], 2),
        "read_back_to_bare_read": round(best["read_back"] / best["bare_read"], 2),
        "import_peak_memory_mb": round(peak),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--map", action="append", default=[])
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    placed = given.map or (list(MAPPING) if given.file == FILE else [])
    print(json.dumps(measure(given.file, placed), indent=2))


if __name__ == "__main__":
    main()
