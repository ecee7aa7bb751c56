"""Clearing away what a supervisor left behind when it was killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from forecastlab.lib.embedded import children


def clear(home: Path, data: Path) -> list[str]:
    """End left-over children of an earlier start, PostgreSQL politely; return what was done.

    Call it only while holding the home's lock: nobody else's children can then be meant.
    """
    done = _stop_postgres(data)
    for row in children.recorded(home):
        members = _session(int(row["pid"]), float(row["began"]))
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if members:
            psutil.wait_procs(members, timeout=10)
            done.append(f"ended {row['name']} of an earlier start")
    (home / children.RECORD).unlink(missing_ok=True)
    return done


def _session(leader: int, began: float) -> list[psutil.Process]:
    """The processes of the session that `leader` opened, unless its number is somebody else's."""
    with suppress(psutil.NoSuchProcess):
        if abs(psutil.Process(leader).create_time() - began) > 1:
            return []
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader and process.create_time() >= began - 1:
                members.append(process)
    return members


def _stop_postgres(data: Path) -> list[str]:
    """Stop a PostgreSQL that still runs on `data`; drop a stale `postmaster.pid`.

    PostgreSQL refuses to start while the number in that file belongs to any live process of the
    same user, also to one that has nothing to do with it.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n")[0])
    except (OSError, ValueError):
        file.unlink(missing_ok=True)
        return []
    process = _postgres_on(data, pid)
    if process is None:
        file.unlink(missing_ok=True)
        return ["removed a stale postmaster.pid"]
    for how in (signal.SIGINT, signal.SIGQUIT):
        process.send_signal(how)
        if psutil.wait_procs([process], timeout=15)[0]:
            break
    return ["stopped PostgreSQL of an earlier start"]


def _postgres_on(data: Path, pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        line = process.cmdline()
    except psutil.Error:
        return None
    ours = line and Path(line[0]).name.startswith("postgres") and str(data) in line
    return process if ours else None
