from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecastlab.knowledge.queries import retrieval
from forecastlab.lib.contributions import SearchHit, SearchSource


def _passages(user: Any, text: str, most: int) -> Sequence[SearchHit]:
    found = retrieval.retrieve(text, user, limit=most)
    return [
        SearchHit(
            one.chunk.document.title,
            one.url,
            one.place,
            [(piece.text, piece.marked) for piece in one.snippet],
        )
        for one in found.passages
    ]


DOCUMENTS = SearchSource("documents", "Documents", "knowledge.read", _passages)
