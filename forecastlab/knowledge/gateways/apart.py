"""Reading a document in a process of its own, so that it can cost no more than it may."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from forecastlab.knowledge.domain.extracts import Extract, Limits, Unreadable

READER = "forecastlab.knowledge.gateways.reader"
POLL_SECONDS = 1.0
# Of the clock: one that waits for nothing needs about as much as of the processor.
PATIENCE = 3
_SPLIT = "Split it, or save it again in a simpler form."


def read(file: Path, media_type: str, waiting: Callable[[], None]) -> Extract:
    """Return what a document says; `waiting` is called about every second and may raise.

    Raises Unreadable for what cannot be read, and for what takes too long or too much memory.
    """
    command = [sys.executable, "-m", READER, str(file), media_type]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            told = _told(process, waiting)
        finally:
            process.kill()
    if process.returncode:
        raise _died(process.returncode)
    found = json.loads(told)
    if "unreadable" in found:
        raise Unreadable(**found["unreadable"], field="file")
    return Extract.from_json(found)


def _told(process: subprocess.Popen[bytes], waiting: Callable[[], None]) -> bytes:
    ends = time.monotonic() + PATIENCE * Limits().seconds
    while time.monotonic() < ends:
        try:
            return process.communicate(timeout=POLL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            waiting()
    raise _too_long()


def _died(code: int) -> Unreadable:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_long()
    detail = "It is broken, or made to need more memory than it may."
    return Unreadable(detail, hint=_SPLIT, field="file")


def _too_long() -> Unreadable:
    detail = f"Reading it took longer than {Limits().seconds} seconds."
    return Unreadable(detail, hint=_SPLIT, field="file")
