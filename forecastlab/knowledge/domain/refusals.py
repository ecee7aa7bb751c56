"""How a refusal of a provider of embeddings is named to machines."""

from __future__ import annotations


def code_of(code: str) -> str:
    """Return EMBEDDING_AUTH for `provider_auth`, and so on; empty for none."""
    return code.replace("provider", "embedding", 1).upper()
