"""Memory that nobody holds any more: used again within a step, given back to the system after it.

By itself the C library does neither well. It gives large arrays back one by one, so that the pages
of each new one come from the system again; of what was freed in smaller pieces it keeps as much as
was ever held at once, so that a worker that judged a large portfolio would stay large.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache

# Arrays up to so many bytes come from memory that was freed before, of which so much is kept.
LARGEST, KEPT = 16 * 1024**2, 32 * 1024**2
# What `mallopt` is told to set, in glibc's numbers.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3


@lru_cache(maxsize=1)
def use_again() -> None:
    """Let this process use the memory of arrays again that were freed within a step."""
    setting = _of_c_library("mallopt")
    if setting is not None:
        setting(MMAP_THRESHOLD, LARGEST)
        setting(TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Give free memory back. Takes less than a millisecond where there is little of it."""
    arrow = sys.modules.get("pyarrow")  # keeps a pool of its own, in processes that have it
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


@lru_cache(maxsize=2)
def _of_c_library(name: str) -> Callable[..., int] | None:
    """Return a function of glibc; other C libraries have none of this name."""
    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found
