"""Secrets that we hand out once and store only as digests."""

from __future__ import annotations

import hashlib
import secrets


def make() -> str:
    """Return a new secret of 256 random bits, fit for an address and for a command line."""
    return secrets.token_hex(32)  # of "urlsafe" ones some begin with "-", as options do


def digest(secret: str) -> str:
    """Return what is stored; a plain hash is enough for random secrets of this length."""
    return hashlib.sha256(secret.encode()).hexdigest()
