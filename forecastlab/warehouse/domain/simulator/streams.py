"""Random numbers with names.

Every effect draws from its own stream, keyed by seed, effect and what it happens to. So a knob
that changes one effect leaves the numbers of all others alone, and another store or product
leaves those of its neighbours alone. Draws are in the order of days before the last one: a longer
window adds days in front and changes none.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def stream(seed: int, effect: str, *whom: str) -> np.random.Generator:
    """Return the generator of one effect on one store, product or series."""
    name = "\x1f".join([str(seed), effect, *whom]).encode()
    key = np.frombuffer(hashlib.sha256(name).digest()[:16], dtype="<u8")
    return np.random.Generator(np.random.Philox(key=key))


def uniforms(seed: int, effect: str, *whom: str, days: int) -> Numbers:
    """Return one number from 0 to 1 a day, the last day first."""
    return stream(seed, effect, *whom).random(days)


def normals(seed: int, effect: str, *whom: str, days: int) -> Numbers:
    """Return one standard normal number a day, the last day first."""
    return stream(seed, effect, *whom).standard_normal(days)
