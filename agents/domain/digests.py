"""The one form of a call's arguments that is hashed, sealed and executed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(arguments: Mapping[str, Any], injected: Mapping[str, Any]) -> bytes:
    """Return equal bytes for equal calls: sorted names, no spaces; values that JSON has no word
    for (Decimal, dates) as text. Raises ValueError for NaN and infinity.
    """
    whole = {"arguments": dict(arguments), "injected": dict(injected)}
    text = json.dumps(
        whole,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=str,
    )
    return text.encode()


def digest(plain: bytes) -> str:
    """Return the SHA-256 of a canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(plain).hexdigest()
