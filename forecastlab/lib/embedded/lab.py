"""What `scripts/lab` runs: one command, with services and workers found or started for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from forecastlab.lib.embedded import home, programs
from forecastlab.lib.embedded.supervisor import Supervisor
from forecastlab.lib.errors import HouseError, Unavailable

BASE_DIR = Path(__file__).resolve().parents[3]
USERS = "users.lock"
PATIENCE = 180.0
# They start services themselves, or need none.
ALONE = {
    "up",
    "help",
    "--help",
    "-h",
    "--version",
    "check",
    "makemigrations",
    "show_pipeline",
    "verify_bundle",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A `manage.py` command as the caller gave it; it keeps the caller's folder and streams."""

    arguments: tuple[str, ...]

    @property
    def line(self) -> tuple[str, ...]:
        return programs.manage(BASE_DIR, *self.arguments)

    @property
    def needs_services(self) -> bool:
        asks = {"--help", "-h"} & set(self.arguments)
        return bool(self.arguments) and not asks and self.arguments[0] not in ALONE

    def run_beside(self, ours: Supervisor) -> int:
        """Run it while the supervisor watches over what it started; return the exit code."""
        process = subprocess.Popen(self.line)
        ours.watch(until=lambda: process.poll() is not None)
        if process.poll() is None:  # we were told to stop; Ctrl-C told the command as well
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
            process.send_signal(signal.SIGINT)
        code = process.wait()
        return 128 - code if code < 0 else code


def main(arguments: Sequence[str]) -> int:
    command = Command(tuple(arguments))
    if not command.needs_services or _workers_elsewhere():
        return subprocess.run(command.line, check=False).returncode
    folder = home.path(BASE_DIR)
    home.create(folder)
    with (folder / USERS).open("a") as users:
        # Held while services are used: whoever started them waits for it before stopping them.
        fcntl.flock(users, fcntl.LOCK_SH)
        return _run(command, folder, users)


def _run(command: Command, folder: Path, users: IO[str]) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if home.ready_supervisor(folder):
            return subprocess.run(command.line, check=False).returncode
        with contextlib.suppress(home.AlreadyRunning), Supervisor(BASE_DIR, folder, say=_say) as it:
            return _serve(command, it, users)
        time.sleep(0.1)
    raise Unavailable(f"Another start in {folder} does not get ready.", hint="See its logs folder.")


def _serve(command: Command, ours: Supervisor, users: IO[str]) -> int:
    ours.start_servers()
    if ours.embedded:
        ours.prepare()
    clock = programs.clock(BASE_DIR, folder=ours.home / "beat")
    ours.start_programs([clock, *programs.workers(BASE_DIR)])
    ours.mark_ready()
    code = command.run_beside(ours)
    ours.watch(until=lambda: _nobody_else(users))
    return code


def _workers_elsewhere() -> bool:
    """Whether external services are configured and workers of some machine live on them."""
    url = os.environ.get("DATABASE_URL")
    if not url or not os.environ.get("REDIS_URL"):
        return False
    alive = (
        "SELECT count(DISTINCT queue) FROM jobs_workerheartbeat, "
        "jsonb_array_elements_text(queues) AS queue WHERE seen_at > now() - interval '20 s'"
    )
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(alive).fetchone()
    except psycopg.Error:  # the command itself says what is wrong with the database
        return True
    return row is not None and row[0] >= len(programs.QUEUES)


def _nobody_else(users: IO[str]) -> bool:
    """Whether no other command uses these services; from then on none can begin to."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except HouseError as error:
        _say(f"{error.title}: {error.message}")
        sys.exit(error.exit_code)
