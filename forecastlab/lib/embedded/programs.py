"""The programs of one installation: web, clock, and a worker for each queue."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from forecastlab.lib.embedded.children import Program

QUEUES = ("fast", "heavy")
CELERY: tuple[str, ...] = ("-m", "celery", "-A", "forecastlab.celery:app")


def manage(base_dir: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(base_dir / "manage.py"), *arguments)


def web(base_dir: Path, *, port: int) -> Program:
    command: tuple[str, ...] = (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port))
    # Quiet: its access log would hold the secrets of sign-in links; ours names routes only.
    command += ("-v", "0", "--no-server-name", "forecastlab.asgi:application")
    environment = {"FORECASTLAB_DATABASE_POOL": "8"} | _environment()
    return Program("web", command, env=environment, popen={"cwd": base_dir})


def clock(base_dir: Path, *, folder: Path) -> Program:
    command = (sys.executable, *CELERY, "beat", "--pidfile=", "-s", str(folder / "schedule"))
    return Program("beat", command, env=_environment(), popen={"cwd": base_dir})


def worker(base_dir: Path, *, queue: str) -> Program:
    """A worker with one process per processor.

    When we are killed the kernel kills it, and its pool with it (`celery.py`): SIGTERM would let
    it finish a task of hours without a database, SIGQUIT is lost while it still starts.
    """
    command: tuple[str, ...] = (sys.executable, *CELERY, "worker", "-Q", queue, "-n", f"{queue}@%h")
    command += ("-c", str(max(2, os.cpu_count() or 2)), "-O", "fair", "-l", "INFO")
    command += ("--without-gossip", "--without-mingle")
    environment = _environment() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return Program(
        f"worker-{queue}",
        command,
        death_signal=signal.SIGKILL,
        env=environment,
        popen={"cwd": base_dir},
    )


def workers(base_dir: Path) -> list[Program]:
    return [worker(base_dir, queue=queue) for queue in QUEUES]


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "forecastlab.settings"}
