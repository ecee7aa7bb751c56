from __future__ import annotations

import ctypes
import subprocess
import sys
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


FAULTS = """
import resource
import numpy as np
from forecastlab.lib import memory

{called}
begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    together = [np.ones(300_000) for _one in range(6)]
    del together
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="There is nothing to set.")
def test_arrays_use_memory_again_that_was_freed() -> None:
    alone, again = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS.format(called=called)]))
        for called in ("", "memory.use_again()")
    )

    assert alone > 20_000  # or there would be nothing to do
    assert again < 10_000
