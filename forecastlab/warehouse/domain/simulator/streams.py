"""Random numbers with names.

Every effect draws from its own stream, keyed by seed, effect and what it happens to. So a knob
that changes one effect leaves the numbers of all others alone, and another store or product
leaves those of its neighbours alone. Draws are in the order of days before the last one: a longer
window adds days in front and changes none.

The generator is Philox (Salmon et al. 2011), whose key decides everything. Normal numbers are
rounded, because the tails of numpy's ziggurat call the processor's logarithm.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
DIGITS = 9


class Streams:
    """The streams of one seed, not for two threads at once.

    One generator is re-keyed for each stream, which is five times faster than making one.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._philox = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._philox)

    def _of(self, effect: str, whom: tuple[str, ...]) -> np.random.Generator:
        name = "\x1f".join([str(self.seed), effect, *whom]).encode()
        zeros = np.zeros(4, dtype=np.uint64)
        key = np.frombuffer(hashlib.sha256(name).digest()[:16], dtype="<u8")
        self._philox.state = {
            "bit_generator": "Philox",
            "state": {"counter": zeros, "key": key},
            "buffer": zeros,
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._generator

    def number(self, effect: str, *whom: str) -> float:
        """Return one number from 0 to 1."""
        return float(self._of(effect, whom).random())

    def uniforms(self, effect: str, *whom: str, days: int) -> Numbers:
        """Return one number from 0 to 1 a day, the last day first."""
        return self._of(effect, whom).random(days)

    def normals(self, effect: str, *whom: str, days: int) -> Numbers:
        """Return one standard normal number a day, the last day first."""
        return steady(self._of(effect, whom).standard_normal(days))


def steady(values: Numbers) -> Numbers:
    """Round away the digits in which processors differ (exponentials, sines, logarithms)."""
    return np.round(values, DIGITS)
