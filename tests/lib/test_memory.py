from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

# Each in a process of its own, whose memory holds nothing of the tests before.
BETWEEN = """
from pathlib import Path
from forecastlab.lib import memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

between = [(bytearray(100_000), bytearray(1_000)) for _ in range(600)]
full = held()
kept = [small for _large, small in between]
del between
freed = held()
memory.give_back()
print(full - freed, full - held(), len(kept))
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="This C library keeps what it likes."
)
def test_what_lies_between_other_things_is_given_back() -> None:
    printed = subprocess.check_output([sys.executable, "-c", BETWEEN])
    by_itself, given_back, kept = (int(one) for one in printed.split())

    assert kept == 600
    assert by_itself < 60_000_000 / 2  # or there would be nothing to do
    assert given_back > 60_000_000 * 0.8


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
