"""A whole run over freshretail, timed from its own rows.

    .venv/bin/python -m benchmarks.pipeline [FILE]

FILE is freshretail's sales_daily.parquet; without it, ../shared/data is looked into. Starts an
installation of its own. Numerics is the time during which at least one step or shard computed;
the machinery is the rest of the run: queueing, claiming, events, closing.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.stack import BASE_DIR, Stack

FILE = BASE_DIR.parent / "shared" / "data" / "freshretail-city0" / "sales_daily.parquet"
MAP = (
    "store=store_id",
    "product=product_id",
    "ds=dt",
    "quantity=sale_amount",
    "stockout_share=stockout_hours_6_22/16",
)
SPANS = """
select s.started_at, s.finished_at from jobs_jobstep s
where s.job_id = %s and s.finished_at is not null
and not exists (select 1 from jobs_jobstep shard where shard.parent_id = s.id)
"""


def main(file: Path) -> None:
    with Stack() as stack:
        maps = [part for one in MAP for part in ("--map", one)]
        imported = stack.answer("import_dataset", "freshretail", str(file), *maps)
        print(f"import: {imported['rows']:,} rows in {imported['seconds']} s")
        for _ in range(2):  # the second one is warm
            asked = ["run_showcase", "--dataset", "freshretail", "--fresh", "--wait"]
            print_run(stack, stack.answer(*asked))


def print_run(stack: Stack, run: dict[str, Any]) -> None:
    print(f"\nrun {run['run']}: {run['status']} in {run['seconds']:.1f} s")
    for step in run["steps"]:
        print(f"  {step['name']:10s} {step['status']:5s} {step['seconds']:7.2f} s")
    computed = busy(spans(stack.database_url, run["job"]))
    machinery = run["seconds"] - computed
    print(f"  numerics   {computed:13.2f} s")
    print(f"  machinery  {machinery:13.2f} s, {100 * machinery / run['seconds']:.0f} % of the run")
    data = {step["name"]: step["data"] for step in run["steps"]}
    judged, skipped = data["backtest"]["series_judged"], data["backtest"]["series_skipped"]
    print(f"  series     {judged + skipped:13,d} judged or skipped, {skipped:,d} of them skipped")
    print(f"  winner     {json.dumps(run['winner'])}")


def spans(database_url: str, job: int) -> list[tuple[datetime, datetime]]:
    """Return when each step or shard that computes began and ended."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(SPANS, [job]).fetchall()


def busy(found: list[tuple[datetime, datetime]]) -> float:
    """Return the seconds that the spans cover together."""
    covered, until = 0.0, None
    for begin, end in sorted(found):
        start = begin if until is None else max(begin, until)
        if end > start:
            covered += (end - start).total_seconds()
            until = end
    return covered


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
