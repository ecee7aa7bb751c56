"""Real PostgreSQL and Redis for the whole test run, started here and stopped here."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import psycopg

from forecastlab.lib.embedded import binaries, children, servers
from forecastlab.lib.embedded.children import Child

_SHARED = Path(tempfile.gettempdir()) / f"forecastlab-binaries-{os.geteuid()}"
_ROOT = Path(tempfile.mkdtemp(prefix="forecastlab-tests-"))
# Set by a test that runs other tests: they use the services of its process.
GIVEN = "FORECASTLAB_TESTS_USE_SERVICES"


def _start_services() -> None:
    _ROOT.chmod(0o755)
    _SHARED.mkdir(exist_ok=True)
    os.environ["DATABASE_URL"] = _start_postgres()
    os.environ["REDIS_URL"] = _start_redis()


def _start_postgres() -> str:
    port, bin_dir, log = servers.free_port(), binaries.postgres_bin(_SHARED), _ROOT / "postgres.log"
    servers.create_postgres(_ROOT / "pg", password="tests", bin_dir=bin_dir)
    child = children.start(servers.postgres(_ROOT / "pg", port=port, bin_dir=bin_dir), log)
    atexit.register(_stop, child)
    url = f"postgresql://forecastlab:tests@127.0.0.1:{port}/postgres"
    servers.wait_for(child, partial(servers.postgres_answers, url), log)
    return url


def pytest_configure() -> None:
    """Let no test wait for the disk: what a test writes need not outlive a power cut."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def _start_redis() -> str:
    port, log = servers.free_port(), _ROOT / "redis.log"
    child = children.start(servers.redis_server(_ROOT / "redis", port=port, password="tests"), log)
    atexit.register(_stop, child)
    url = f"redis://:tests@127.0.0.1:{port}/0"
    servers.wait_for(child, partial(servers.redis_answers, url), log)
    return url


def _stop(child: Child) -> None:
    children.stop([child], within=10)


os.environ["FORECASTLAB_HOME"] = str(_ROOT / "home")
(_ROOT / "home" / "static").mkdir(parents=True)
os.environ.setdefault("FORECASTLAB_ENVIRONMENT", "demo")
os.environ.setdefault("FORECASTLAB_ACTOR", "planner")
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)
if not os.environ.get(GIVEN):
    _start_services()
