"""Starting and stopping PostgreSQL and Redis as children of this process."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from forecastlab.lib.embedded import binaries
from forecastlab.lib.errors import Unavailable


class ServerDidNotStart(Unavailable):
    """A database server did not start."""


@dataclass
class Server:
    """A running child, how to reach it, and which signal stops it."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    stop_signal: int

    def stop(self, *, within: float = 10) -> None:
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _run_as_owner(command: list[str], data: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_as_nobody())
    if done.returncode:
        raise ServerDidNotStart(f"initdb failed in {data}: {done.stderr.strip()[-400:]}")


def create_postgres(data: Path, *, password: str, bin_dir: Path) -> None:
    """Make an empty cluster in `data`, owned by `nobody` when we are root."""
    data.mkdir(parents=True, exist_ok=True)
    password_file = data.parent / f".pw-{secrets.token_hex(4)}"
    password_file.write_text(password)
    owner = _as_nobody()
    if owner:
        os.chown(data, owner["user"], owner["group"])
        os.chown(password_file, owner["user"], owner["group"])
    command = [str(bin_dir / "initdb"), "-D", str(data), "-U", "forecastlab", "-A", "scram-sha-256"]
    command += [f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try:
        _run_as_owner(command, data)
    finally:
        password_file.unlink()


def start_postgres(
    data: Path, *, port: int, password: str, bin_dir: Path, log: Path, **popen: Any
) -> Server:
    """Start PostgreSQL on 127.0.0.1 with password sign-in and wait until it answers."""
    options = {"max_connections": "200", "shared_buffers": "256MB", "max_wal_size": "4GB"}
    command = [str(bin_dir / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    command += ["-k", ""] + [f"--{name}={value}" for name, value in options.items()]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, **_as_nobody(), **popen
        )
    url = f"postgresql://forecastlab:{password}@127.0.0.1:{port}/postgres"
    server = Server("postgres", process, url, signal.SIGINT)
    _wait(server, lambda: psycopg.connect(url, connect_timeout=2).close(), log, psycopg.Error)
    return server


def start_redis(
    folder: Path,
    *,
    port: int,
    password: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    **popen: Any,
) -> Server:
    """Start Redis on 127.0.0.1 with a password, an append-only file, and wait for its answer."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nappendonly yes\nsave ""\n'
        f"dir {folder}\ndaemonize no\n"
    )
    command = [str(binaries.redis_server()), str(config)]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env=env, **popen
        )
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    server = Server("redis", process, url, signal.SIGTERM)
    _wait(server, lambda: redis.Redis.from_url(url).ping(), log, redis.RedisError)
    return server


def _wait(server: Server, probe: Any, log: Path, error: type[Exception]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            tail = log.read_text(errors="replace")[-600:]
            raise ServerDidNotStart(f"{server.name} ended at once. Its log {log} says: {tail}")
        try:
            probe()
        except error:
            time.sleep(0.05)
        else:
            return
    server.stop()
    raise ServerDidNotStart(f"{server.name} did not answer within 60 s. Its log is {log}.")
