"""Finding passages: by words, vectors, outlines and whole documents, the rankings made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from forecastlab.knowledge.domain import ranking
from forecastlab.knowledge.domain.chunks import JOIN
from forecastlab.knowledge.domain.kinds import MARKDOWN
from forecastlab.knowledge.domain.ranking import Rankings
from forecastlab.knowledge.domain.snippets import Piece, snippet, without_marks
from forecastlab.knowledge.models import Chunk, Document, DocumentQuerySet
from forecastlab.knowledge.queries import lexical, nearness
from forecastlab.knowledge.queries.lexical import Asked
from forecastlab.lib.artefacts import ArtefactChanged, ArtefactMissing
from forecastlab.lib.providers import configured
from forecastlab.lib.providers.errors import ProviderError
from forecastlab.lib.providers.http import Patience

# A person waits for the answer.
IMPATIENT = Patience(connect=2, read=4, tries=1)
# So many passages of each ranking are fused.
DEPTH = 100
WORDS, OFFLINE = "bm25", "tfidf-svd"
LONGEST_QUESTION = 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """A found passage with its citation; `score` is at most 1: first in every ranking."""

    chunk: Chunk
    score: float
    snippet: Sequence[Piece]

    @property
    def url(self) -> str:
        return self.chunk.get_absolute_url()

    @property
    def place(self) -> str:
        """Say where in its document it stands, for people."""
        chunk = self.chunk
        page = _("page %s") % chunk.page if chunk.page else ""
        where = (self.heading, page, _("lines %s") % self.lines)
        return " · ".join(one for one in where if one)

    @property
    def heading(self) -> str:
        """The headings above it; not the first where that is the title, which stands beside it."""
        title, _join, below = self.chunk.heading_path.partition(JOIN)
        return below if title == self.chunk.document.title else self.chunk.heading_path

    @property
    def lines(self) -> str:
        first, last = self.chunk.first_line, self.chunk.last_line
        return f"{first}–{last}" if last > first else str(first)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.snippet)


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found: of each document its best passage, the best first."""

    question: str
    passages: Sequence[Passage]
    # Which rankings answered, such as `bm25+tfidf-svd`.
    retriever: str
    # Why it was not the provider that ranked, as a code and a sentence; both empty where it was.
    code: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Ranking:
    name: str
    chunks: Mapping[int, float]
    code: str = ""
    note: str = ""


def retrieve(
    question: str,
    viewer: Any,
    *,
    limit: int = 10,
    source: str = "",
    among: DocumentQuerySet | None = None,
) -> Found:
    """Return what `viewer` may read that answers a question, at most one passage a document.

    With `source` only documents of that source are searched, with `among` only those.
    """
    text = question.strip()[:LONGEST_QUESTION]
    looked_for = lexical.asked(text) if viewer.is_authenticated else Asked(())
    if not looked_for.concepts:
        return Found(text, (), WORDS)
    readable = Document.objects.visible_to(viewer)
    if source:
        readable = readable.filter(source=source)
    if among is not None:
        readable = readable.filter(pk__in=among.values("pk"))
    by_vectors = _by_vectors(text, looked_for, readable)
    rankings = Rankings(
        words=ranking.scaled(lexical.rank(looked_for, readable, most=DEPTH)),
        vectors=ranking.scaled(by_vectors.chunks),
        outlines=ranking.scaled(lexical.outlines(looked_for, readable)),
        wholes=ranking.scaled(lexical.wholes(looked_for, readable)),
    )
    names = [WORDS, by_vectors.name] if by_vectors.name else [WORDS]
    best = _best(rankings, limit=limit)
    return Found(
        question=text,
        passages=_passages(best, looked_for),
        retriever="+".join(names),
        code=by_vectors.code,
        note=by_vectors.note,
    )


def _best(rankings: Rankings, *, limit: int) -> dict[int, float]:
    """Return a passage of each document with its score, the best first."""
    found = Chunk.objects.filter(pk__in={*rankings.words, *rankings.vectors})
    held = found.order_by("pk").values_list("pk", "document_id", "document__path")
    return dict(islice(ranking.fused(held, rankings).items(), limit))


def _passages(best: Mapping[int, float], looked_for: Asked) -> list[Passage]:
    chunks = Chunk.objects.select_related("document").defer("search").in_bulk(list(best))
    stems = looked_for.said
    return [
        Passage(chunks[pk], score, snippet(_readable(chunks[pk]), stems))
        for pk, score in best.items()
        if pk in chunks
    ]


def _readable(chunk: Chunk) -> str:
    is_marked = chunk.document.media_type == MARKDOWN
    return (without_marks(chunk.text) if is_marked else "").strip() or chunk.text


def _by_vectors(text: str, looked_for: Asked, readable: DocumentQuerySet) -> _Ranking:
    """Rank by the provider's vectors where there are some, else by those fitted here."""
    try:
        ranked = _by_provider(text, readable)
    except ProviderError as error:
        told = _("The provider of embeddings did not answer; found without it. %s")
        offline = _by_fit(looked_for, readable)
        return _Ranking(offline.name, offline.chunks, error.code, told % error.message)
    return ranked or _by_fit(looked_for, readable)


def _by_provider(text: str, readable: DocumentQuerySet) -> _Ranking | None:
    model = configured.embeddings(patience=IMPATIENT)
    if model is None or not text:
        return None
    spaces = nearness.of_provider(model.provider, model.model)
    if not spaces:
        return None
    vector = np.asarray(model.embed([text])[0], dtype=np.float32)
    space = spaces.get(len(vector))
    if space is None:
        return None
    return _Ranking(space.name, nearness.rank(space, vector, readable, most=DEPTH))


def _by_fit(looked_for: Asked, readable: DocumentQuerySet) -> _Ranking:
    space = nearness.newest_fit()
    try:
        vector = nearness.fitted(space.artefact).vector(looked_for.stems) if space else None
    except (ArtefactMissing, ArtefactChanged) as error:
        return _Ranking("", {}, note=_("Found by words alone. %s") % error.message)
    if space is None or vector is None:
        return _Ranking("", {})
    return _Ranking(OFFLINE, nearness.rank(space, vector, readable, most=DEPTH))
