"""One process that starts an installation's parts as its children and keeps them running."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from forecastlab.lib.embedded import (
    binaries,
    children,
    home,
    programs,
    recovery,
    servers,
    shared_memory,
)
from forecastlab.lib.embedded.children import Child, Program
from forecastlab.lib.errors import HouseError, Unavailable

STOP_SECONDS = 8
LARGEST_LOG = 20_000_000


class PreparationFailed(Unavailable):
    """The database could not be brought up to this code."""


class Stopped(HouseError):
    """Asked to stop before everything was up."""

    exit_code = 130


class Supervisor:
    """Starts, watches and stops. Use it from the main thread, as a context manager."""

    def __init__(self, base_dir: Path, folder: Path, *, say: Callable[[str], None]) -> None:
        self.base_dir, self.home, self.say = base_dir, folder, say
        self.servers: list[Child] = []
        self.workers: list[Child] = []
        self.stopping = threading.Event()
        self.is_new = False
        self._beside: list[Child] = []
        self._lock = -1

    def __enter__(self) -> Supervisor:
        home.create(self.home)
        self._lock = home.lock(self.home)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        children.stop(self._beside, within=2)
        children.stop(reversed(self.workers), within=STOP_SECONDS)
        for child in reversed(self.servers):
            children.stop([child], within=STOP_SECONDS)
        home.write_services(self.home, replace(self.services, supervisor_pid=0))
        (self.home / children.RECORD).unlink(missing_ok=True)
        os.close(self._lock)

    @property
    def embedded(self) -> bool:
        """Whether the database is ours to prepare, not one that others may share."""
        return not os.environ.get("DATABASE_URL")

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    @property
    def services(self) -> home.Services:
        return home.read_services(self.home)

    # -- starting ------------------------------------------------------------------------------

    def start_servers(self, *, web_port: int = 0) -> None:
        """Start PostgreSQL and Redis, unless the environment names external ones.

        Raises SharedMemoryClosed where workers could not live, before anything is started.
        """
        shared_memory.check()
        data = self.home / "postgres"
        self.is_new = not (data / "PG_VERSION").exists()
        for line in recovery.clear(self.home, data):
            self.say(line)
        self._choose(web_port)
        if self.embedded:
            self._start_postgres(data)
        if not os.environ.get("REDIS_URL"):
            self._start_redis()

    def _choose(self, web_port: int) -> None:
        """Settle ports, passwords and the secret key; what was chosen before stays if it can."""
        old = self.services
        home.write_services(
            self.home,
            home.Services(
                postgres_port=servers.free_port(old.postgres_port),
                postgres_password=old.postgres_password or secrets.token_urlsafe(24),
                redis_port=servers.free_port(old.redis_port),
                redis_password=old.redis_password or secrets.token_urlsafe(24),
                web_port=servers.free_port(web_port or old.web_port or 8000),
                secret_key=old.secret_key or secrets.token_urlsafe(50),
            ),
        )

    def _start_postgres(self, data: Path) -> None:
        services, bin_dir = self.services, binaries.postgres_bin(self.home / "servers")
        if not (data / "PG_VERSION").exists():
            self.say("Creating the database ...")
            servers.create_postgres(data, password=services.postgres_password, bin_dir=bin_dir)
        servers.check_reach(data)
        child = self._start(
            servers.postgres(data, port=services.postgres_port, bin_dir=bin_dir), self.servers
        )
        url = services.postgres_url("postgres")
        servers.wait_for(child, partial(servers.postgres_answers, url), self._log(child.name))
        servers.create_database(url, "forecastlab")

    def _start_redis(self) -> None:
        services = self.services
        program = servers.redis_server(
            self.home / "redis", port=services.redis_port, password=services.redis_password
        )
        child = self._start(program, self.servers)
        answers = partial(servers.redis_answers, services.redis_url)
        servers.wait_for(child, answers, self._log(child.name))

    def prepare(self, arguments: Sequence[str] = ()) -> dict[str, Any]:
        """Run `manage.py prepare` in a process of its own and return what it printed.

        Raises PreparationFailed, also when asked to stop meanwhile.
        """
        command = programs.manage(self.base_dir, "prepare", "--json", *arguments)
        answer = self.home / "prepared.json"
        process = children.spawn(Program("prepare", command), self._log("prepare"), answer)
        while process.poll() is None and not self.stopping.wait(0.05):
            pass
        if self.stopping.is_set():
            children.stop([Child(Program("prepare", command), process, 0.0)], within=2)
            raise Stopped
        if process.returncode:
            raise PreparationFailed(self._why(answer), hint=f"See {self._log('prepare')}.")
        prepared: dict[str, Any] = json.loads(answer.read_text())
        return prepared

    def _why(self, answer: Path) -> str:
        try:
            return str(json.loads(answer.read_text())["error"]["detail"])
        except (ValueError, KeyError):
            return "The database could not be prepared."

    def start_programs(self, wanted: Sequence[Program]) -> None:
        for program in wanted:
            self._start(program, self.workers)

    def restart(self, name: str) -> None:
        for child in self.workers:
            if child.name == name:
                children.stop([child], within=STOP_SECONDS)
                child.process = children.spawn(child.program, self._log(name))

    def run_beside(self, *command: str) -> None:
        """Run a command once, on our own streams; it ends when we do."""
        program = Program(command[0], programs.manage(self.base_dir, *command))
        process = children.spawn(program, None)
        self._beside.append(Child(program, process, time.monotonic()))

    def mark_ready(self) -> None:
        home.write_services(self.home, replace(self.services, supervisor_pid=os.getpid()))

    def _start(self, program: Program, group: list[Child]) -> Child:
        child = children.start(program, self._log(program.name, fresh=True))
        group.append(child)
        children.record(self.home, [*self.servers, *self.workers])
        return child

    def _log(self, name: str, *, fresh: bool = False) -> Path:
        log = self.home / "logs" / f"{name}.log"
        if fresh and log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        return log

    # -- watching ------------------------------------------------------------------------------

    def wait_for_page(self, *, seconds: float = 60) -> bool:
        """Wait until the web server answers; False when asked to stop before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.stopping.is_set():
            self.revive()
            if _answers(self.services.web_url + "/healthz"):
                return True
            self.stopping.wait(0.1)
        if self.stopping.is_set():
            return False
        raise Unavailable(f"The web server does not answer. Its log is {self._log('web')}.")

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again whatever ends, until asked to stop or `until` says so."""
        while not self.stopping.is_set() and not until():
            self.revive()
            self.stopping.wait(0.2)

    def revive(self) -> None:
        for child in (*self.servers, *self.workers):
            if children.revive(child, self._log(child.name)):
                self.say(f"{child.name} had ended and was started again (process {child.pid})")
                children.record(self.home, [*self.servers, *self.workers])


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  our own http address
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False
    return True
