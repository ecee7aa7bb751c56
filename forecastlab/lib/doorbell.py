"""Telling live pages that a stream has news."""

from __future__ import annotations


def ring(stream: str, *, seq: int | None = None) -> None:
    """Let the viewers of `stream` hear `{stream, seq}` once the transaction has committed."""
