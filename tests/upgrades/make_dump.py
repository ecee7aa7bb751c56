"""Write a dump of a small database as today's code fills it, for tests of later upgrades.

    python -m tests.upgrades.make_dump NAME

Starts an installation of its own, keeps, replays and annotates a run through the commands, lets
an agent ask for a plan, and writes `tests/upgrades/dumps/NAME.sql.gz`. Dumps are never written
anew: each shows how a database looked once.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

from forecastlab.lib.embedded import binaries
from tests.stack import Stack

FOLDER = Path(__file__).parent / "dumps"
SMALL = ("--models", "naive,seasonal_naive", "--set", "stores=2", "--set", "products=3")
START = ("run_showcase", "--scenario", "demo_minimal", "--table", "short", *SMALL)
# Who may sign in is nobody's business, and what is only waiting to be thrown away says nothing.
LEFT_OUT = ("django_session", "accounts_signinlink", "accounts_token", "jobs_workerheartbeat")
# The documents of the program are read anew by whatever code there is.
LEFT_OUT += tuple(
    f"knowledge_{one}"
    for one in (
        *("document", "document_readers", "documenttext", "chunk", "chunkvector"),
        *("vectorspace", "citation"),
    )
)


def main() -> None:
    target = FOLDER / f"{sys.argv[1]}.sql.gz"
    if target.exists():
        raise SystemExit(f"{target} exists. Choose another name: dumps are never written anew.")
    with Stack(env={"FORECASTLAB_LLM": "planner"}) as lab:
        lab.answer(*START, "--keep", "spring", "--wait", "--as", "planner")
        lab.answer("replay_workspace", "spring", "--mode", "exact", "--wait", "--as", "planner")
        lab.answer(*START, "--seed", "7", "--wait", "--as", "planner")
        bundle = lab.home / "spring.zip"
        lab.answer("export_workspace", "spring", "--output", str(bundle), "--as", "planner")
        lab.answer("import_bundle", str(bundle), "--as", "from-elsewhere", "--by", "planner")
        lab.answer("run_agent", "experiment", *_wish(lab), "--wait", "--as", "planner")
        target.write_bytes(gzip.compress(_dump(lab), mtime=0))
    sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")


def _wish(lab: Stack) -> tuple[str, ...]:
    """Return a request that ends before the gate: what it asks for waits for a person."""
    dataset = lab.answer("list_datasets", "--as", "planner")["items"][0]["dataset"]
    message = "Save a plan with a 10% price cut for the weakest series"
    return "--dataset", str(dataset), "--message", message


def _dump(lab: Stack) -> bytes:
    programs = binaries.postgres_bin(lab.home)
    command = [programs / "pg_dump", "--no-owner", "--no-privileges"]
    skipped = [f"--exclude-table-data={name}" for name in LEFT_OUT]
    done = subprocess.run(
        [*command, *skipped, lab.database_url], capture_output=True, check=True, timeout=120
    )
    return done.stdout


if __name__ == "__main__":
    main()
