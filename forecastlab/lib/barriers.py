"""Named places where a test can hold a process, to look at it or to kill it there.

Without FORECASTLAB_BARRIERS in the environment this does nothing. With it, naming a folder, a
process that comes to `barrier("name")` while `<folder>/name.arm` exists takes that file away,
writes `<folder>/name.<pid>` and waits until that is gone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

LONGEST = 120.0


def barrier(name: str) -> None:
    folder = os.environ.get("FORECASTLAB_BARRIERS")
    if folder:
        _hold(Path(folder), name)


def _hold(folder: Path, name: str) -> None:
    try:
        (folder / f"{name}.arm").unlink()
    except FileNotFoundError:
        return
    mark = folder / f"{name}.{os.getpid()}"
    mark.touch()
    ends = time.monotonic() + LONGEST
    while mark.exists() and time.monotonic() < ends:
        time.sleep(0.01)
