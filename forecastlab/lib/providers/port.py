"""What the house asks of a model that somebody else runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

# Called between requests: a step renews its lease here, and stops when it must.
Heard = Callable[[int, int], None]


class EmbeddingModel(Protocol):
    """Turns texts into vectors of one length."""

    @property
    def provider(self) -> str:
        """Return what kind of provider it is, such as `openai`."""

    @property
    def model(self) -> str:
        """Return the provider's name of the model."""

    def embed(self, texts: Sequence[str], *, heard: Heard | None = None) -> list[list[float]]:
        """Return one vector for each text, in their order; raises ProviderError.

        `heard(done, all)` is called after each request.
        """
