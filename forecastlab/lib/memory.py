"""Memory that nobody holds any more, given back to the system.

The C library keeps what was freed for what comes next, up to as much as was ever held at once:
a worker that judged a large portfolio would stay large, and what comes next would lie in between.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache


def give_back() -> None:
    """Give free memory back. Takes less than a millisecond where there is little of it."""
    arrow = sys.modules.get("pyarrow")  # keeps a pool of its own, in processes that have it
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = _trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    """Return glibc's function for it; other C libraries have none."""
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
