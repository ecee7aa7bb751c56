"""What programs are told of a search."""

from __future__ import annotations

from typing import Any

from forecastlab.knowledge.domain.refusals import code_of
from forecastlab.knowledge.queries.everything import Everything
from forecastlab.knowledge.queries.retrieval import Found, Passage
from forecastlab.lib.contributions import SearchHit


def of_everything(found: Everything) -> dict[str, Any]:
    groups = [
        {
            "name": group.name,
            "title": group.title,
            "items": [_hit(one) for one in group.hits],
            "more": bool(group.more),
        }
        for group in found.groups
    ]
    return {"text": found.text, "groups": groups}


def of_passages(found: Found) -> dict[str, Any]:
    return {
        "question": found.question,
        "retriever": found.retriever,
        "code": code_of(found.code) or None,
        "note": found.note or None,
        "results": [of_passage(one) for one in found.passages],
    }


def of_passage(passage: Passage) -> dict[str, Any]:
    """Return a passage as its citation: document, place, lines from 1, and what stands there."""
    chunk = passage.chunk
    return {
        "document": chunk.document.key,
        "title": chunk.document.title,
        "path": chunk.document.path,
        "heading_path": chunk.heading_path,
        "first_line": chunk.first_line,
        "last_line": chunk.last_line,
        "page": chunk.page,
        "snippet": passage.text,
        "score": round(passage.score, 4),
        "url": chunk.citation_url,
    }


def _hit(hit: SearchHit) -> dict[str, str]:
    snippet = "".join(text for text, _marked in hit.snippet)
    return {"title": hit.title, "url": hit.url, "detail": hit.detail, "snippet": snippet}
