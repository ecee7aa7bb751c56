"""How fast sales come in and go out, as ratios to the bare database in the same run.

    python -m benchmarks.warehouse [FILE --map ROLE=COLUMN ...] [--rows N] [--rounds N]

Starts PostgreSQL and Redis of its own. Without a file it takes the real sales beside the clone;
with --rows it draws as many, series of 1,000 days. After the first import one more day is added
as a version of its own. The peers: one COPY of the very same rows, already in COPY's binary form,
into a table of the same shape with the same key; and one ADBC read of the same columns, unsorted.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import django
import polars as pl

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
DAYS, STORES = 1_000, 100
BEGIN = date(2024, 1, 1)


def draw(path: Path, rows: int, *, first: int = 0, days: int = DAYS) -> Path:
    """Write sales of so many series that there are `rows` of them in DAYS, as a stream."""
    series = rows // DAYS
    place = pl.int_range(series * days, dtype=pl.Int64)
    one, day = place // days, place % days + first
    noise = place.hash(7) % 1_000 / 1_000
    frame = pl.LazyFrame().select(
        pl.format("s{}", one % STORES).alias("store"),
        pl.format("p{}", one // STORES).alias("product"),
        (pl.lit(BEGIN) + pl.duration(days=day)).alias("ds"),
        ((noise * (one % 23 + 1)).floor()).alias("quantity"),
        (2.0 + one % 7).alias("price"),
        (day % 14 < 3).cast(pl.Float64).alias("promo"),
        (noise > 0.95).cast(pl.Float64).alias("stockout_share"),
    )
    frame.sink_parquet(path)
    return path


def import_file(path: Path, placed: list[str], name: str, mode: str = "replace") -> Job:
    upload = uploads.receive_path(path)
    by = User.objects.filter(username="alice").first() or make_user("alice")
    options = Options(placed=placed, mode=mode)
    job = run_job(imports.start(name, upload, options=options, by=by, at=timezone.now()))
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


@contextmanager
def watched(peaks: dict[str, float], name: str) -> Iterator[None]:
    """Keep the most memory in MB that this process held meanwhile."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            peaks[name] = max(peaks.get(name, 0.0), pages * resource.getpagesize() / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(path: Path, placed: list[str], *, rounds: int, more: Path | None) -> dict[str, Any]:
    """Take the best of the rounds, all in turn: a busy machine is busy for all of them.

    Memory is that of the first import: later ones stand on the memory of the peers.
    """
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    peaks: dict[str, float] = {}
    for one in range(rounds):
        name = f"bench-{one}"
        with watched(peaks if not one else {}, "import"):
            seconds["import"].append(timed(partial(import_file, path, placed, name)))
        if more is not None and not one:
            with watched(peaks, "append"):
                seconds["append"].append(timed(partial(import_file, more, placed, name, "append")))
        version = DatasetVersion.objects.get(dataset__name=name, number=1)
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
        **{f"{name}_peak_memory_mb": round(peak) for name, peak in peaks.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--map", action="append", default=[])
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as name:
        path, placed, more = given.file, given.map, None
        if given.rows:
            path = draw(Path(name) / "sales.parquet", given.rows)
            more = draw(Path(name) / "day.parquet", given.rows, first=DAYS, days=1)
        elif path == FILE:
            placed = placed or list(MAPPING)
        print(json.dumps(measure(path, placed, rounds=given.rounds, more=more), indent=2))


if __name__ == "__main__":
    main()
