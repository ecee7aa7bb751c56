from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from forecastlab.lib import memory

SIZE, COUNT = 100_000, 600


def held() -> int:
    """Return what this process has in memory, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="This C library keeps what it likes."
)
def test_what_lies_between_other_things_is_given_back() -> None:
    between = [(bytearray(SIZE), bytearray(1_000)) for _ in range(COUNT)]
    full = held()
    kept = [small for _large, small in between]
    del between
    freed = held()

    memory.give_back()

    assert len(kept) == COUNT
    assert full - freed < SIZE * COUNT / 2  # or there would be nothing to do
    assert full - held() > SIZE * COUNT * 0.8
