"""When two requests ask for the same."""

from __future__ import annotations

import hashlib
import unicodedata


def normalised(message: str) -> str:
    """Return a message without what people write differently: case, spaces, end marks."""
    plain = unicodedata.normalize("NFKC", message).casefold()
    return " ".join(plain.split()).rstrip(".!? ")


def key(skill: str, dataset_id: int | None, requester_id: int, message: str) -> str:
    """Return what two requests of one person for the same have in common: 64 hex digits."""
    parts = (skill, str(dataset_id or ""), str(requester_id), normalised(message))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
