"""Child processes that end with this one, whatever ends it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from forecastlab.lib import files

RECORD = "children.json"
FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.5, 15.0, 30.0
_SET_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and the signals that ask it to stop (ours, and the kernel's when we die)."""

    name: str
    command: tuple[str, ...]
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGTERM
    env: Mapping[str, str] | None = None
    popen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Child:
    """A running program, and when it may be started again after a crash."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float
    pause: float = FIRST_PAUSE
    due: float | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self.process.pid


def die_with_parent(death_signal: int) -> None:
    """Let the kernel send this process a signal when the thread that started it ends."""
    _libc.prctl(_SET_DEATH_SIGNAL, death_signal)


def _die_with(parent: int, death_signal: int) -> Callable[[], None]:
    def arrange() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return arrange


def spawn(
    program: Program, log: Path | None, answer: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; without a log it writes to our own streams.

    `answer` takes its standard output, which goes into the log otherwise.

    Call it from the main thread only: the kernel's signal follows the thread that spawned, not
    the process.
    """
    with (
        log.open("ab") if log else nullcontext() as out,
        answer.open("wb") if answer else nullcontext(out) as written,
    ):
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=out,
            env=program.env,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), program.death_signal),
            **program.popen,
        )


def start(program: Program, log: Path) -> Child:
    return Child(program, spawn(program, log), time.monotonic())


def revive(child: Child, log: Path) -> bool:
    """Start a crashed child again once its pause is over; the pause doubles up to 15 s."""
    if child.process.poll() is None:
        return False
    now = time.monotonic()
    if child.due is None:
        _kill_group(child.pid)  # what the crash left of its group
        steady = now - child.started > STEADY_AFTER
        child.pause = FIRST_PAUSE if steady else min(child.pause * 2, LONGEST_PAUSE)
        child.due = now + (FIRST_PAUSE if steady else child.pause / 2)
    if now < child.due:
        return False
    child.process, child.started, child.due = spawn(child.program, log), now, None
    return True


def stop(children: Iterable[Child], *, within: float) -> None:
    """Ask all of them to stop, wait, then kill what is left of their groups."""
    asked = list(children)
    for child in asked:
        with suppress(ProcessLookupError):
            child.process.send_signal(child.program.stop_signal)
    deadline = time.monotonic() + within
    for child in asked:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        _kill_group(child.pid)
        child.process.wait()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def record(home: Path, children: Iterable[Child]) -> None:
    """Write down who runs, for the start after a crash of ours."""
    rows = []
    for child in children:
        with suppress(psutil.NoSuchProcess):
            began = psutil.Process(child.pid).create_time()
            rows.append({"name": child.name, "pid": child.pid, "began": began})
    files.write_whole(home / RECORD, json.dumps(rows).encode(), mode=0o600)


def recorded(home: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads((home / RECORD).read_text())
    except (OSError, ValueError):
        return []
    return [row for row in rows if isinstance(row, dict)]
