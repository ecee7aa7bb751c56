"""A whole installation of its own for a test: `manage.py up` in a fresh home on free ports."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg

from forecastlab.lib.embedded import children, home, servers

BASE_DIR = Path(__file__).resolve().parent.parent
OURS = ("DATABASE_URL", "REDIS_URL", "FORECASTLAB_ACTOR", "FORECASTLAB_ENVIRONMENT")


class Stack:
    """Start with `with Stack() as stack`, or `start` and `stop` by hand.

    `up` and `env` add arguments and environment to `manage.py up`; give `folder` to come back to
    a home that another stack left.
    """

    def __init__(
        self, *up: str, folder: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.home = folder or _fresh_home()
        self.arguments = up
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        # Runs skip their agents, unless a test is about them.
        told = {"FORECASTLAB_HOME": str(self.home), "FORECASTLAB_LLM": "none"}
        self.env = kept | told | (env or {})
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, *, within: float = 120) -> Stack:
        self.log = self.home / "up.log"
        port = home.read_services(self.home).web_port or servers.free_port()
        command = [sys.executable, str(BASE_DIR / "manage.py"), "up", "--port", str(port)]
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                [*command, *self.arguments], env=self.env, stdout=out, stderr=out, text=True
            )
        deadline = time.monotonic() + within
        while home.ready_supervisor(self.home) != self.process.pid:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the stack did not start:\n{self.log.read_text()}")
            time.sleep(0.05)
        return self

    def stop(self, how: int = signal.SIGINT) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def url(self) -> str:
        return home.read_services(self.home).web_url

    @property
    def database_url(self) -> str:
        return home.read_services(self.home).database_url

    def run_command(
        self, *arguments: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` with these arguments in this installation."""
        return subprocess.run(
            [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
            env=self.env,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def answer(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json` and return its object; a failure shows its output."""
        done = self.run_command(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    def wait_for_jobs(self, *, within: float = 60) -> None:
        """Wait until no job is at work, not even those that an installation starts with."""
        deadline = time.monotonic() + within
        query = "SELECT count(*) FROM jobs_job WHERE status IN ('queued', 'running')"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            while connection.execute(query).fetchone() != (0,):
                assert time.monotonic() < deadline, "jobs are still at work"
                time.sleep(0.1)

    def sign_in_url(self, username: str) -> str:
        return str(self.answer("sign_in_link", username)["url"])

    # -- the running processes: postgres, redis, web, beat, worker-fast, worker-heavy -----------

    def pid(self, name: str) -> int:
        return next(int(row["pid"]) for row in children.recorded(self.home) if row["name"] == name)

    def workers(self, queue: str = "") -> list[int]:
        """The main processes of the workers, of one queue or of both."""
        wanted = f"worker-{queue}"
        rows = children.recorded(self.home)
        return [int(row["pid"]) for row in rows if str(row["name"]).startswith(wanted)]

    def pool(self, queue: str = "") -> list[int]:
        """The worker processes that run tasks, below the main ones."""
        mains = [psutil.Process(pid) for pid in self.workers(queue)]
        return [process.pid for main in mains for process in main.children(recursive=True)]

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def pause(self, name: str) -> None:
        """Freeze a program and its children."""
        os.killpg(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.killpg(self.pid(name), signal.SIGCONT)


def _fresh_home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="forecastlab-stack-"))
    folder.chmod(0o711)
    return folder
