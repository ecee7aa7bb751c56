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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

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


def import_file(path: Path, placed: list[str]) -> Job:
    upload = uploads.receive_path(path)
    by = make_user("alice")
    job = imports.start("bench", upload, options=Options(placed=placed), by=by, at=timezone.now())
    return run_job(job)


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
    wide = [one for one in queries.FACT_COLUMNS if one != "signals"]
    columns = ["version_id", "series_id", "t", *wide]
    query = f"SELECT {', '.join(columns)} FROM warehouse_salesfact WHERE version_id = $1"
    rows = frames.read(query, [version.pk]).sort("series_id", "t")
    return [frames.encoded(one) for one in rows.iter_slices(frames.BLOCK)], columns


def best(work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def measure(path: Path, placed: list[str]) -> dict[str, Any]:
    begin = time.perf_counter()
    job = import_file(path, placed)
    imported = time.perf_counter() - begin
    if job.status != "succeeded":
        raise SystemExit(f"the import {job.status}: {job.error}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    version = DatasetVersion.objects.get()
    blocks, columns = encoded(version)
    copied = best(lambda: bare_copy(blocks, columns))
    bare = best(lambda: frames.read(FACTS, [version.pk]))
    read = best(lambda: queries.facts(version, READ))
    return {
        "rows": version.rows,
        "series": version.series_count,
        "import_seconds": round(imported, 2),
        "steps": {one.name: round(one.seconds or 0, 2) for one in job.steps.order_by("position")},
        "bare_copy_seconds": round(copied, 2),
        "import_to_bare_copy": round(imported / copied, 2),
        "read_back_seconds": round(read, 3),
        "bare_read_seconds": round(bare, 3),
        "read_back_to_bare_read": round(read / bare, 2),
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
