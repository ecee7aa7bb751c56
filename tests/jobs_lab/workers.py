"""Real worker processes on the test's own database, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs

BASE_DIR = Path(__file__).resolve().parent.parent.parent


class Lab:
    """Workers, beat, and the barriers that hold them; `folder` takes notes and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.barriers = folder / "barriers"
        self.barriers.mkdir()
        self.processes: list[subprocess.Popen[bytes]] = []
        database = connection.settings_dict
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.jobs_lab.settings",
            "FORECASTLAB_BARRIERS": str(self.barriers),
            "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
                **database
            ),
            "REDIS_URL": settings.REDIS_URL,
            # What one worker has sealed another one opens.
            "FORECASTLAB_SECRET_KEY": settings.SECRET_KEY,
            "CELERY_SKIP_CHECKS": "1",
            "FORECASTLAB_LLM": "none",
        }

    # -- processes -----------------------------------------------------------------------------

    def worker(self, name: str = "lab", *, queues: str = "fast,heavy", size: int = 1) -> int:
        """Start a worker and return the process id of its parent."""
        options = ["-Q", queues, "-n", f"{name}@lab", "-c", str(size), "-O", "fair", "-l", "INFO"]
        process = self._start("worker", *options, "--without-gossip", "--without-mingle")
        wait_for(lambda: b"ready." in self.log(process), what="the worker to be ready")
        return process.pid

    def beat(self) -> int:
        schedule = self.folder / f"schedule-{len(self.processes)}"
        return self._start("beat", "--pidfile=", "-s", str(schedule), "--max-interval=1").pid

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "forecastlab.celery:app", *arguments]
        with (self.folder / f"log-{len(self.processes)}").open("ab") as out:
            process = subprocess.Popen(
                command, cwd=BASE_DIR, env=self.env, stdout=out, stderr=out, start_new_session=True
            )
        self.processes.append(process)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> bytes:
        return (self.folder / f"log-{self.processes.index(process)}").read_bytes()

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def logs(self) -> bytes:
        return b"".join(self.log(process) for process in self.processes)

    # -- barriers ------------------------------------------------------------------------------

    def arm(self, name: str) -> None:
        (self.barriers / f"{name}.arm").touch()

    def held_at(self, name: str) -> int:
        """Wait until a process stands at the barrier and return its id."""
        wait_for(lambda: self._held(name), what=f"somebody to stand at '{name}'")
        return self._held(name)[0]

    def _held(self, name: str) -> list[int]:
        suffixes = [path.suffix[1:] for path in self.barriers.glob(f"{name}.*")]
        return [int(suffix) for suffix in suffixes if suffix.isdigit()]

    def release(self, name: str) -> None:
        for path in self.barriers.glob(f"{name}.*"):
            path.unlink()

    def cancel(self, job: Job) -> None:
        jobs.cancel(job, by=None, at=timezone.now())

    # -- what has happened ---------------------------------------------------------------------

    def notes(self) -> list[str]:
        """What steps have noted, without the process ids."""
        path = self.folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split()[0] for line in lines]


def kill_family(pid: int) -> None:
    """SIGKILL a worker and its pool, as the end of a machine would."""
    parent = psutil.Process(pid)
    for process in [*parent.children(recursive=True), parent]:
        process.kill()


def over(job: Job, *, within: float = 60.0) -> Job:
    """Wait until the job is over."""

    def is_over() -> bool:
        job.refresh_from_db()
        return job.is_terminal

    wait_for(is_over, what=f"{job} to be over", within=within)
    return job


def wait_for(
    happened: Callable[[], object], *, what: str, within: float = 60.0, every: float = 0.02
) -> None:
    ends = time.monotonic() + within
    while not happened():
        assert time.monotonic() < ends, f"waited {within:g} s in vain for {what}"
        time.sleep(every)
