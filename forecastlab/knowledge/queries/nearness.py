"""Ranking by vectors: in the database where pgvector is, in memory where it is not."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from django.db import connection
from django.db.models import Count, Max

from forecastlab.knowledge.domain import vectors
from forecastlab.knowledge.domain.vectors import Fitted, Floats
from forecastlab.knowledge.models import ChunkVector, DocumentQuerySet, VectorSpace
from forecastlab.lib import artefacts

# Beyond it memory would be no place for them: 50,000 vectors of 1,536 floats are 300 MB.
MOST_FLOATS = 80_000_000

NEAREST = """
SELECT vector.chunk_id, vector.values::vector <=> %s::float8[]::vector AS distance
FROM knowledge_chunkvector AS vector
JOIN knowledge_chunk AS chunk ON chunk.id = vector.chunk_id
WHERE vector.space_id = %s AND chunk.document_id IN ({documents})
ORDER BY distance, vector.chunk_id LIMIT %s
"""


def newest_fit() -> VectorSpace | None:
    """Return the newest fit that this code can read."""
    return VectorSpace.objects.fitted().filter(model=vectors.RECIPE).newest_first().first()


def of_provider(provider: str, model: str) -> dict[int, VectorSpace]:
    """Return a provider's spaces by their dimension."""
    return {one.dimension: one for one in VectorSpace.objects.of_provider(provider, model)}


@lru_cache(maxsize=2)
def fitted(artefact: str) -> Fitted:
    """Return what a fit learnt; a process keeps the two that it used last."""
    return vectors.from_bytes(artefacts.path_checked_once(artefact).read_bytes())


def rank(
    space: VectorSpace, asked: Floats, readable: DocumentQuerySet, *, most: int
) -> dict[int, float]:
    """Return the nearest passages of the readable documents with their cosines, all above 0."""
    ranked = _in_database if has_pgvector() else _in_memory
    return ranked(space, asked, readable, most)


def has_pgvector() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')")
        return bool(cursor.fetchone()[0])


def _in_database(
    space: VectorSpace, asked: Floats, readable: DocumentQuerySet, most: int
) -> dict[int, float]:
    documents, given = readable.values("id").query.sql_with_params()
    wanted = [float(one) for one in asked]
    with connection.cursor() as cursor:
        cursor.execute(NEAREST.format(documents=documents), [wanted, space.pk, *given, most])
        # Of a vector of length 0 the distance is no number, and comes last.
        return {pk: 1 - distance for pk, distance in cursor.fetchall() if distance < 1}


def _in_memory(
    space: VectorSpace, asked: Floats, readable: DocumentQuerySet, most: int
) -> dict[int, float]:
    stands = space.vectors.aggregate(count=Count("pk"), last=Max("pk"))
    if not stands["count"] or stands["count"] * space.dimension > MOST_FLOATS:
        return {}
    table = _table(space.pk, stands["count"], stands["last"])
    documents = np.fromiter(readable.values_list("pk", flat=True), dtype=np.int64)
    rows = np.flatnonzero(np.isin(table.documents, documents))
    found, cosines = vectors.nearest(table.values[rows], asked, most=most)
    numbers = [int(table.passages[rows[row]]) for row in found]
    return dict(zip(numbers, cosines, strict=True))


class _Table:
    """The vectors of a space, a row each, by the numbers of their passages."""

    def __init__(self, space_id: int) -> None:
        held = list(
            ChunkVector.objects.filter(space=space_id)
            .order_by("chunk_id")
            .values_list("chunk_id", "chunk__document_id", "values")
        )
        self.passages = np.array([one[0] for one in held], dtype=np.int64)
        self.documents = np.array([one[1] for one in held], dtype=np.int64)
        self.values = np.array([one[2] for one in held], dtype=np.float32)


@lru_cache(maxsize=2)
def _table(space_id: int, count: int, last: int) -> _Table:
    """Return the vectors of a space as it stands; a process keeps the two that it used last."""
    return _Table(space_id)
