"""How fast the series of a large version are listed, and how much memory taking it all away needs.

    python -m benchmarks.browsing [--series 100000] [--periods 60] [--rounds 20]

Starts PostgreSQL and Redis of its own, imports drawn sales through the real path, and asks for the
pages as a browser does, in turn. Percentiles are those of the server's time for whole pages.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import django
import numpy as np
import polars as pl

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.pages import asked_in_turn, figures, load  # noqa: E402
from forecastlab.warehouse.models import DatasetVersion, Product, SeriesProfile  # noqa: E402
from forecastlab.warehouse.services import imports, uploads  # noqa: E402
from forecastlab.warehouse.services.imports import Options  # noqa: E402
from tests.factories import make_user, run_job  # noqa: E402

PLACED = ("store=store", "product=product", "ds=ds", "quantity=quantity", "stockout_share=empty")
PRODUCTS = 1_000
ASKED = {
    "first page": "",
    "last page": "?page=99999",
    "by name": "?sort=series",
    "by a figure without an index": "?sort=-variation",
    "by another, backwards": "?sort=gaps&page=50",
    "search": "?search=s9%3Ap12",
    "search, nothing found": "?search=nowhere",
    "with gaps": "?trait=gaps",
    "sold seldom, at least 20": "?trait=seldom&least=20",
    "one store": "?store=s7",
    "one brand": "?product.brand=brand-3&sort=-outliers",
}


def drawn(folder: Path, series: int, periods: int) -> Path:
    """Draw counts around a level of each series, with a week, missing rows and stock-outs."""
    draw = np.random.default_rng(42)
    days = pl.date_range(date(2026, 1, 1), date(2027, 12, 31), eager=True)[:periods]
    level = np.exp(draw.normal(0.5, 1.2, series))
    week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(periods) / 7)
    parts = []
    for begin in range(0, series, 10_000):
        place = np.arange(begin, min(begin + 10_000, series))
        sold = draw.poisson(level[place][:, None] * week).ravel()
        part = pl.DataFrame(
            {
                "store": np.repeat(place // PRODUCTS, periods),
                "product": np.repeat(place % PRODUCTS, periods),
                "ds": pl.concat([days] * len(place)),
                "quantity": sold.astype(float),
                "empty": np.where(draw.random(sold.size) < 0.05, 0.75, 0.0),
            }
        )
        kept = draw.random(part.height) > 0.01 * np.repeat(place % 3 == 0, periods)
        parts.append(part.filter(kept))
    path = folder / "sales.parquet"
    named = [pl.format("s{}", "store").alias("store"), pl.format("p{}", "product").alias("product")]
    pl.concat(parts).with_columns(named).write_parquet(path)
    return path


def imported(series: int, periods: int) -> DatasetVersion:
    by = make_user("alice")
    with tempfile.TemporaryDirectory() as folder:
        upload = uploads.receive_path(drawn(Path(folder), series, periods))
    options = Options(placed=list(PLACED))
    job = run_job(imports.start("large", upload, options=options, by=by, at=timezone.now()))
    if job.status != "succeeded":
        raise SystemExit(f"the import {job.status}: {job.error}")
    for one in Product.objects.all():
        one.attributes = {"brand": f"brand-{int(one.code[1:]) % 20}"}
        one.save(update_fields=["attributes"])
    return DatasetVersion.objects.get()


def taken_away(client: Client, url: str) -> dict[str, Any]:
    """Read a download to its end and forget each part; memory is looked at after each."""
    before, begin, most, size = resident(), time.perf_counter(), 0.0, 0
    for part in client.get(url).streaming_content:
        size, most = size + len(part), max(most, resident() - before)
    seconds = time.perf_counter() - begin
    return {"seconds": round(seconds, 1), "mb": round(size / 1e6), "peak_added_mb": round(most)}


def resident() -> float:
    """Return this process's memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--periods", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    version = imported(options.series, options.periods)
    client = Client(headers={"Host": "localhost"})
    client.force_login(version.created_by)
    place = f"/datasets/large/{version.number}/"
    middle = SeriesProfile.objects.order_by("series_id")[options.series // 2].series_id
    pages = {name: f"{place}series/{query}" for name, query in ASKED.items()}
    pages |= {"overview": place, "one series": f"{place}series/{middle}/"}
    times = asked_in_turn(client, pages, rounds=options.rounds)
    lists = [one for name in ASKED for one in times[name]]
    print(json.dumps({"rows": version.rows, "series": version.series_count, "load": load()}))
    for name, found in times.items():
        print(json.dumps({"page": name, **figures(found)}))
    print(json.dumps({"page": "all lists of series", **figures(lists)}))
    for suffix in ("csv", "parquet"):
        print(json.dumps({"all rows": suffix, **taken_away(client, f"{place}facts.{suffix}")}))


if __name__ == "__main__":
    main()
