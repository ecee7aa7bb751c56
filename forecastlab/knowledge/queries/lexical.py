"""Ranking by words: BM25 over PostgreSQL's full text, counted where the text lies.

Lengths and document frequencies are those of the passages that the reader may see, so nothing of
the others can be told from a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db import connection

from forecastlab.knowledge import domain
from forecastlab.knowledge.domain import ranking, thesaurus
from forecastlab.knowledge.domain.thesaurus import SUBSTITUTE
from forecastlab.knowledge.models import DocumentQuerySet

MOST_WORDS = 64

# As PostgreSQL reads them: stems, and nothing for words that say nothing ("the", "of").
STEMS = """
SELECT word, tsvector_to_array(to_tsvector('english', word)) FROM unnest(%s::text[]) AS word
"""

ASKED = """
WITH asked AS (
    SELECT * FROM unnest(%(concepts)s::int[], %(stems)s::text[], %(weights)s::float8[])
        AS asked(concept, stem, weight)
), readable AS MATERIALIZED (
    {documents}
)
"""
OFTEN = """
sum(asked.weight * (
    SELECT sum(CASE weight WHEN 'A' THEN %(heading)s ELSE 1 END) FROM unnest(word.weights) AS weight
))::float8
"""
RANK = """
{asked}, corpus AS (
    SELECT count(*)::float8 AS passages, avg(tokens)::float8 AS mean_length
    FROM knowledge_chunk WHERE document_id IN (SELECT id FROM readable)
), found AS (
    SELECT chunk.id, chunk.tokens, asked.concept, {often} AS frequency
    FROM knowledge_chunk AS chunk
    CROSS JOIN LATERAL unnest(chunk.search) AS word
    JOIN asked ON asked.stem = word.lexeme
    WHERE chunk.search @@ %(query)s::tsquery AND chunk.document_id IN (SELECT id FROM readable)
    GROUP BY chunk.id, asked.concept
), rarity AS (
    SELECT concept, power(
        ln(1 + (min(corpus.passages) - count(*) + 0.5) / (count(*) + 0.5)), %(damping)s
    ) AS weight
    FROM found, corpus GROUP BY concept
)
SELECT found.id, sum(rarity.weight * found.frequency * (%(k1)s + 1) / (
    found.frequency + %(k1)s * (1 - %(b)s + %(b)s * found.tokens / corpus.mean_length)
)) AS score
FROM found JOIN rarity USING (concept), corpus
GROUP BY found.id ORDER BY score DESC, found.id LIMIT %(most)s
"""

# The end of those over documents, whose lengths (`sized`) and finds stand before it.
RATED = """
, corpus AS (
    SELECT count(*)::float8 AS documents, avg(length) AS mean_length FROM sized
), rarity AS (
    SELECT concept, power(
        ln(1 + (min(corpus.documents) - count(*) + 0.5) / (count(*) + 0.5)), %(damping)s
    ) AS weight
    FROM found, corpus GROUP BY concept
)
SELECT found.document_id, sum(rarity.weight * found.frequency * (%(k1)s + 1) / (
    found.frequency + %(k1)s * (1 - %(b)s + %(b)s * sized.length / corpus.mean_length)
)) AS score
FROM found JOIN rarity USING (concept) JOIN sized USING (document_id), corpus
GROUP BY found.document_id
"""
OUTLINES = """
{asked}, sized AS (
    SELECT document_id, sum(greatest(length(heading), 1))::float8 AS length FROM (
        SELECT DISTINCT document_id, split_part(heading_path, ' > ', -1) AS heading
        FROM knowledge_chunk WHERE document_id IN (SELECT id FROM readable)
    ) AS headings GROUP BY document_id
), found AS (
    SELECT chunk.document_id, asked.concept, max(asked.weight) AS frequency
    FROM knowledge_chunk AS chunk
    CROSS JOIN LATERAL unnest(chunk.search) AS word
    JOIN asked ON asked.stem = word.lexeme
    WHERE chunk.search @@ %(query)s::tsquery AND 'A' = ANY (word.weights)
      AND chunk.document_id IN (SELECT id FROM readable)
    GROUP BY chunk.document_id, asked.concept
){rated}
"""
WHOLES = """
{asked}, sized AS (
    SELECT document_id, sum(tokens)::float8 AS length
    FROM knowledge_chunk WHERE document_id IN (SELECT id FROM readable) GROUP BY document_id
), found AS (
    SELECT chunk.document_id, asked.concept, {often} AS frequency
    FROM knowledge_chunk AS chunk
    CROSS JOIN LATERAL unnest(chunk.search) AS word
    JOIN asked ON asked.stem = word.lexeme
    WHERE chunk.search @@ %(query)s::tsquery AND chunk.document_id IN (SELECT id FROM readable)
    GROUP BY chunk.document_id, asked.concept
){rated}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is looked for: each word that says something, with what may stand for it."""

    concepts: Sequence[Mapping[str, float]]

    @property
    def stems(self) -> dict[str, float]:
        """Return every stem with the most that it counts."""
        found: dict[str, float] = {}
        for concept in self.concepts:
            for stem, weight in concept.items():
                found[stem] = max(weight, found.get(stem, 0.0))
        return found

    @property
    def said(self) -> frozenset[str]:
        """Return the stems of the words that were said."""
        return frozenset(
            stem for concept in self.concepts for stem, weight in concept.items() if weight == 1.0
        )


def asked(question: str) -> Asked:
    """Return what a question looks for; of a very long one its first words."""
    said = thesaurus.words(question)[:MOST_WORDS]
    stems, meant = _stems(said), _meant_by()
    return Asked(
        [
            {stem: 1.0, **dict.fromkeys(meant.get(stem, frozenset()) - {stem}, SUBSTITUTE)}
            for stem in dict.fromkeys(one for word in said for one in stems[word])
        ]
    )


@cache
def _meant_by() -> Mapping[str, frozenset[str]]:
    """Return for each stem those that may be meant by it, as the thesaurus has it."""
    file = Path(str(domain.__file__)).with_name("thesaurus.txt")
    read = thesaurus.read(file.read_text(encoding="utf-8").splitlines())
    stems = _stems(list(read.meant))
    found: dict[str, set[str]] = {}
    for word, meant in read.meant.items():
        for stem in stems[word]:
            found.setdefault(stem, set()).update(one for other in meant for one in stems[other])
    return {stem: frozenset(meant) for stem, meant in found.items()}


def _stems(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the stems of each word, none for one that says nothing."""
    with connection.cursor() as cursor:
        cursor.execute(STEMS, [list(words)])
        return dict(cursor.fetchall())


def rank(looked_for: Asked, readable: DocumentQuerySet, *, most: int) -> dict[int, float]:
    """Return the best passages of the readable documents, by number, with their scores."""
    return _scores(RANK, looked_for, readable, most=most)


def outlines(looked_for: Asked, readable: DocumentQuerySet) -> dict[int, float]:
    """Return the readable documents whose headings hold what was asked for, with their scores."""
    return _scores(OUTLINES, looked_for, readable, mark=":A")


def wholes(looked_for: Asked, readable: DocumentQuerySet) -> dict[int, float]:
    """Return the readable documents that hold what was asked for anywhere, with their scores."""
    return _scores(WHOLES, looked_for, readable, k1=ranking.K1_OF_WHOLES)


def _scores(
    query: str,
    looked_for: Asked,
    readable: DocumentQuerySet,
    *,
    mark: str = "",
    most: int = 0,
    k1: float = ranking.K1,
) -> dict[int, float]:
    if not looked_for.concepts:
        return {}
    numbered = [
        (number, stem, weight)
        for number, concept in enumerate(looked_for.concepts)
        for stem, weight in concept.items()
    ]
    documents, given = readable.values("id").query.sql_with_params()
    named = {f"document_{place}": value for place, value in enumerate(given)}
    placed = documents % tuple(f"%({name})s" for name in named)
    values = {
        **named,
        "concepts": [one[0] for one in numbered],
        "stems": [one[1] for one in numbered],
        "weights": [one[2] for one in numbered],
        "query": " | ".join(f"{_quoted(stem)}{mark}" for stem in looked_for.stems),
        "heading": ranking.HEADING,
        "damping": ranking.DAMPING,
        "k1": k1,
        "b": ranking.B,
        "most": most,
    }
    with connection.cursor() as cursor:
        asked_in = ASKED.format(documents=placed)
        written = query.format(asked=asked_in, often=OFTEN, rated=RATED)
        cursor.execute(written, values)
        return dict(cursor.fetchall())


def _quoted(stem: str) -> str:
    """Write a stem as a word of a tsquery."""
    doubled = stem.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
