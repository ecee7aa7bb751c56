"""PostgreSQL and Redis: making a cluster, what to run, and waiting until it answers."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis

from forecastlab.lib.embedded import binaries, children
from forecastlab.lib.embedded.children import Child, Program
from forecastlab.lib.errors import Unavailable

START_SECONDS = 60


class ServerDidNotStart(Unavailable):
    """A database server did not start."""


class HomeOutOfReach(Unavailable):
    """PostgreSQL, which runs as `nobody` under root, cannot walk to its data."""


def free_port(preferred: int = 0) -> int:
    """Return `preferred` when nobody listens there, else a free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # A port in TIME_WAIT counts as free, as it does for the servers.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerDidNotStart("No port is free on 127.0.0.1.")


def _as_nobody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def check_reach(folder: Path) -> None:
    """Raise HomeOutOfReach when `nobody` cannot walk to `folder` and we are root."""
    if os.geteuid() != 0:
        return
    for parent in folder.resolve().parents:
        if parent.exists() and not parent.stat().st_mode & 0o001:
            raise HomeOutOfReach(
                f"PostgreSQL does not run as root, and 'nobody' may not enter {parent}.",
                hint="Set FORECASTLAB_HOME to a folder that it can reach, or use another user.",
            )


def create_postgres(data: Path, *, password: str, bin_dir: Path) -> None:
    """Make an empty cluster in `data`, owned by `nobody` when we are root."""
    check_reach(data)
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o700)
    password_file = data.parent / f".pw-{secrets.token_hex(4)}"
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    owner = _as_nobody()
    if owner:
        os.chown(data, owner["user"], owner["group"])
        os.chown(password_file, owner["user"], owner["group"])
    command = [str(bin_dir / "initdb"), "-D", str(data), "-U", "forecastlab", "-A", "scram-sha-256"]
    command += [f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **owner)
    finally:
        password_file.unlink()
    if done.returncode:
        raise ServerDidNotStart(f"initdb failed in {data}: {done.stderr.strip()[-400:]}")


def postgres(data: Path, *, port: int, bin_dir: Path) -> Program:
    """PostgreSQL on 127.0.0.1 with password sign-in; SIGINT does not wait for its clients."""
    options = {"max_connections": "200", "shared_buffers": "256MB", "max_wal_size": "4GB"}
    # The price of a page elsewhere on the disk is that of disks without moving parts: at the usual
    # one of 4 a part of the series of a large version would be found by reading all of it.
    options["random_page_cost"] = "1.1"
    command = [str(bin_dir / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    command += ["-k", ""] + [f"--{name}={value}" for name, value in options.items()]
    return Program("postgres", tuple(command), signal.SIGINT, signal.SIGINT, popen=_as_nobody())


def redis_server(folder: Path, *, port: int, password: str) -> Program:
    """Redis on 127.0.0.1 with a password and an append-only file."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nappendonly yes\nsave ""\n'
        f"dir {folder}\ndaemonize no\n"
    )
    return Program("redis", (str(binaries.redis_server()), str(config)))


def postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def redis_answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url, socket_timeout=2).ping())
    except redis.RedisError:
        return False


def wait_for(child: Child, answers: Callable[[], bool], log: Path) -> None:
    """Return once the child answers; raise ServerDidNotStart with the end of its log."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.process.poll() is not None:
            tail = log.read_text(errors="replace")[-600:].strip()
            raise ServerDidNotStart(f"{child.name} ended at once. Its log {log} says: {tail}")
        if answers():
            return
        time.sleep(0.05)
    children.stop([child], within=5)
    raise ServerDidNotStart(
        f"{child.name} did not answer within {START_SECONDS} s. Its log is {log}."
    )


def create_database(server_url: str, name: str) -> None:
    """Create the database `name` unless it exists."""
    with psycopg.connect(server_url, autocommit=True, connect_timeout=5) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            connection.execute(
                psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
            )
