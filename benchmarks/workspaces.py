"""How fast many kept runs are listed, looked at and compared.

    python -m benchmarks.workspaces [--workspaces 10000] [--series 1000] [--rounds 20]

Starts PostgreSQL and Redis of its own, lets one run over drawn sales work, and copies it with its
24 rows, backtest and champions inside the database. Pages are asked for as a browser does, in turn.
Percentiles are those of whole pages; `pages` says of what time.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import django

import tests.services  # noqa: F401  starts the services before Django reads where they are

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import pages  # noqa: E402
from forecastlab.accounts.models import User  # noqa: E402
from showcase.models import Run, StepRun, Workspace  # noqa: E402
from showcase.services.workspaces import new_key  # noqa: E402
from tests.factories import make_run, make_sales, make_user, make_version, work_off  # noqa: E402

STEPS, COMPARED, TAGS, FAMILY = 24, 100, 50, 5
MODELS = ("naive", "seasonal_naive", "moving_average", "ses_weekday")
STATUSES = ("succeeded", "succeeded", "succeeded", "failed", "cancelled")
LISTS = {
    "first page": "",
    "deep page": "?page=300",
    "by name": "?sort=name",
    "by WAPE, deep": "?sort=-wape&page=200",
    "search": "?search=weekly-77",
    "search, nothing found": "?search=nowhere-at-all",
    "search in notes": "?search=holidays",
    "one tag": "?tag=tag-7",
    "two tags": "?tag=tag-7&tag=tag-8",
    "pinned": "?view=pinned",
    "failed, archived as well": "?status=failed&archived=also",
}
RUNS = {
    "first page": "",
    "deep page": "?page=300",
    "by WAPE, deep": "?sort=-wape&page=200",
    "search": "?search=seasonal",
    "failed": "?status=failed",
}


def kept_runs(count: int, series: int) -> User:
    """Keep so many runs, each with 24 rows and what it refers to."""
    draw = random.Random(42)
    by = make_user("alice", role="admin")
    make_version(make_sales(series=series), by=by)
    first = work_off(make_run(by=by, models=list(MODELS), folds=2, horizon=7))
    if first.status != Run.Status.SUCCEEDED:
        raise SystemExit(f"the run {first.status}")
    fill_up(first)
    runs = Run.objects.bulk_create((copied(first, draw, number) for number in range(count)), 2000)
    numbers = [run.pk for run in runs]
    with connection.cursor() as cursor:
        copy_rows(cursor, "showcase_steprun", "run_id", first.pk, numbers)
        copy_rows(cursor, "showcase_runobject", "run_id", first.pk, numbers)
        own_backtests(cursor, numbers[:COMPARED])
    keep(runs, draw, by)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return by


def fill_up(run: Run) -> None:
    """Give the run as many rows as the long table has."""
    rows = list(run.steps.in_order())
    more = [
        StepRun(
            run=run,
            index=len(rows) + place,
            name=f"more_{place}",
            phase="ops",
            title=f"More {place}",
            contributed_by="showcase",
            status=StepRun.Status.DONE,
            outcome=StepRun.Outcome.PASS,
            detail="Done",
            data={"figures": list(range(100))},
            seconds=1.0,
        )
        for place in range(1, STEPS - len(rows) + 1)
    ]
    StepRun.objects.bulk_create(more)


def copied(first: Run, draw: random.Random, number: int) -> Run:
    """Return a copy that asked for something else, and ended some time earlier."""
    copy = Run.objects.none().model(**{one.attname: getattr(first, one.attname) for one in FIELDS})
    copy.pk, copy.job_id = None, None
    copy.config = {**first.config, "seed": number, "models": draw.sample(MODELS, 3)}
    copy.config_hash = f"{number:064x}"
    copy.status = draw.choice(STATUSES)
    copy.winner, copy.winner_wape = draw.choice(MODELS), draw.uniform(10, 60)
    copy.seconds = draw.uniform(1, 100)
    copy.created_at = first.created_at - timedelta(minutes=number)
    return copy


FIELDS = Run._meta.concrete_fields


def copy_rows(cursor: Any, table: str, owner: str, first: int, numbers: Sequence[int]) -> None:
    """Copy the rows of the first owner to all the others inside the database."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )
    names = [name for (name,) in cursor.fetchall() if name not in ("id", owner)]
    listed = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f'INSERT INTO {table} ("{owner}", {listed}) SELECT n, {listed} '
        f'FROM {table}, unnest(%s::bigint[]) n WHERE "{owner}" = %s',
        [list(numbers), first],
    )


def own_backtests(cursor: Any, numbers: Sequence[int]) -> None:
    """Give those that are compared a backtest and champions of their own, one in ten another."""
    cursor.execute("SELECT id FROM forecasting_backtest ORDER BY id LIMIT 1")
    (first,) = cursor.fetchone()
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        ["forecasting_backtest"],
    )
    names = [name for (name,) in cursor.fetchall() if name not in ("id", "key")]
    listed = ", ".join(f'"{name}"' for name in names)
    cursor.execute(
        f"INSERT INTO forecasting_backtest (key, {listed}) SELECT 'copy-' || n, {listed} "
        "FROM forecasting_backtest, unnest(%s::bigint[]) n WHERE id = %s RETURNING id",
        [list(numbers), first],
    )
    made = [pk for (pk,) in cursor.fetchall()]
    copy_rows(cursor, "forecasting_champion", "backtest_id", first, made)
    cursor.execute(
        "UPDATE forecasting_champion SET model = %s WHERE backtest_id = ANY(%s) "
        "AND (series_id + backtest_id) %% 10 = 0",
        [MODELS[0], made],
    )
    cursor.execute(
        "UPDATE showcase_steprun s SET data = jsonb_set(s.data, '{backtest}', to_jsonb(b.made)) "
        "FROM unnest(%s::bigint[], %s::bigint[]) b(run, made) "
        "WHERE s.run_id = b.run AND s.name = 'backtest'",
        [list(numbers), made],
    )


def keep(runs: Sequence[Run], draw: random.Random, by: User) -> None:
    """Keep the runs, in families of five with notes and tags."""
    kept: list[Workspace] = []
    for number, run in enumerate(runs):
        parent = kept[-1] if number % FAMILY else None
        one = Workspace(run=run, key=new_key(), name=f"weekly-{number}", created_by=by)
        one.family = parent.family if parent else one.key
        if parent:
            one.ancestors = [*parent.ancestors, {"key": parent.key, "name": parent.name}]
            one.replayed_from, one.replay_mode = parent.key, Workspace.ReplayMode.MODIFIED
        one.tags = [f"tag-{tag}" for tag in draw.sample(range(TAGS), draw.randrange(4))]
        one.notes = "Ordered again after the holidays. " * draw.randrange(20)
        one.pinned, one.archived = number % 200 == 0, number % 10 == 3
        one.created_at = one.updated_at = run.created_at
        kept.append(one)
    Workspace.objects.bulk_create(kept, 2000)


def places() -> dict[str, str]:
    """Return what is asked for, by the names of the pages."""
    hundred = urlencode([("of", f"weekly-{number}") for number in range(COMPARED)])
    return {
        **{f"list, {name}": f"/workspaces/{query}" for name, query in LISTS.items()},
        "one workspace": "/workspaces/weekly-42/",
        "compare two": "/workspaces/compare/?of=weekly-1&of=weekly-2",
        "compare a hundred": f"/workspaces/compare/?{hundred}",
        "compare a hundred, everything": f"/workspaces/compare/?{hundred}&all=1",
        "compare a hundred, API": f"/api/v1/workspaces/compare?{hundred}",
        "home": "/",
        **{f"runs, {name}": f"/runs/{query}" for name, query in RUNS.items()},
        "admin": "/admin/showcase/workspace/",
        "admin, search": "/admin/showcase/workspace/?q=weekly-77",
        "admin, runs": "/admin/showcase/run/",
        "admin, steps": "/admin/showcase/steprun/",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=10_000)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    by = kept_runs(options.workspaces, options.series)
    client = Client(headers={"Host": "localhost"})
    client.force_login(by)
    times = pages.asked_in_turn(client, places(), rounds=options.rounds)
    counts = {"workspaces": Workspace.objects.count(), "steps": StepRun.objects.count()}
    at = timezone.now().date().isoformat()
    print(json.dumps({**counts, "at": at, "load": pages.load()}))
    for name, found in times.items():
        print(json.dumps({"page": name, **pages.figures(found)}))
    for kind in ("list", "runs", "admin"):
        lists = [one for name, found in times.items() if name.startswith(kind) for one in found]
        print(json.dumps({"page": f"all of {kind}", **pages.figures(lists)}))


if __name__ == "__main__":
    main()
