"""Real PostgreSQL and Redis for the whole test run, started here and stopped here."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from forecastlab.lib.embedded import binaries, servers

_SHARED = Path(tempfile.gettempdir()) / f"forecastlab-binaries-{os.geteuid()}"
_ROOT = Path(tempfile.mkdtemp(prefix="forecastlab-tests-"))


def _start_services() -> None:
    _ROOT.chmod(0o755)
    _SHARED.mkdir(exist_ok=True)
    bin_dir = binaries.postgres_bin(_SHARED)
    servers.create_postgres(_ROOT / "pg", password="tests", bin_dir=bin_dir)
    started = [
        servers.start_postgres(
            _ROOT / "pg",
            port=servers.free_port(),
            password="tests",
            bin_dir=bin_dir,
            log=_ROOT / "postgres.log",
        ),
        servers.start_redis(
            _ROOT / "redis", port=servers.free_port(), password="tests", log=_ROOT / "redis.log"
        ),
    ]
    atexit.register(_stop, started)
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = started[0].url, started[1].url


def _stop(started: list[servers.Server]) -> None:
    for server in reversed(started):
        server.stop()
    shutil.rmtree(_ROOT, ignore_errors=True)


os.environ["FORECASTLAB_HOME"] = str(_ROOT / "home")
os.environ.setdefault("FORECASTLAB_ENVIRONMENT", "demo")
os.environ.setdefault("FORECASTLAB_ACTOR", "planner")
_start_services()
