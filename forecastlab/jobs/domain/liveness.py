"""Whether the process that holds a lease is still there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# A process forked between the look at the pool and the write of the row is not in it yet.
FORK_GRACE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Beat:
    boot: str
    pids: Collection[int]
    seen_at: datetime
    is_silent: bool


def is_gone(worker: str, claimed_at: datetime | None, beats: Mapping[str, Beat]) -> bool:
    """Say whether `name/boot/pid` is known to be dead: silent, replaced, or out of its pool.

    Who has no heartbeat (a command, a test) is not judged: its lease runs out by itself.
    """
    name, boot, pid = _parts(worker)
    beat = beats.get(name)
    if not boot or beat is None:
        return False
    if beat.is_silent or beat.boot != boot:
        return True
    if claimed_at is None or claimed_at > beat.seen_at - FORK_GRACE:
        return False
    return pid not in beat.pids


def _parts(worker: str) -> tuple[str, str, int]:
    name, boot, pid = (*worker.rsplit("/", 2), "", "")[:3]
    return name, boot, int(pid) if pid.isdigit() else 0
