"""How passages are ranked: by their words and vectors, and by the outline and words of documents.

Words: Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, *The Probabilistic Relevance
Framework: BM25 and Beyond*, 2009), its inverse document frequency kept above zero by adding 1
inside the logarithm, as Lucene does. Words that stand for one another count as one (as in
Lucene's SynonymQuery): their frequencies are summed, each by its weight.

Rankings are made one by adding their scores, each scaled by its best (Bruch, Gai and Ingber, *An
Analysis of Fusion Functions for Hybrid Retrieval*, 2023, find such sums better than reciprocal
ranks, and so did trials here).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

K1, B = 1.2, 0.75
# In a whole document a word may stand oftener before it adds no more.
K1_OF_WHOLES = 3.0
# Everyday words are rare in documents of ours by chance: a rare word counts less than its idf.
DAMPING = 0.5
# A word of a heading counts as so many words of the text.
HEADING = 4.0
# What a document is about by its headings, and by all of its words, beside what its best passage
# says.
OUTLINE = 0.2
WHOLE = 0.6
# What was decided once and what has changed come after what holds now.
OF_HISTORY = 0.7
HISTORY = ("docs/decisions/", "CHANGELOG", "CONTRIBUTING")

Key = TypeVar("Key", bound=Hashable)
# A passage, its document, and where that lies.
Held = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Rankings:
    """Scores as shares of the best: of passages by words and by vectors, of documents by their
    outlines and by all of their words.
    """

    words: Mapping[int, float]
    vectors: Mapping[int, float]
    outlines: Mapping[int, float]
    wholes: Mapping[int, float]

    @property
    def most(self) -> float:
        """Return what a document has that is the best in each ranking that there is."""
        return (2.0 if self.vectors else 1.0) + OUTLINE + WHOLE

    def of_document(self, document: int) -> float:
        """Return what a document has beside its passages."""
        outline, whole = self.outlines.get(document, 0.0), self.wholes.get(document, 0.0)
        return OUTLINE * outline + WHOLE * whole


def rarity(containing: int, passages: int) -> float:
    """Return the weight of a word that `containing` of all `passages` hold: its damped idf."""
    idf = math.log(1 + (passages - containing + 0.5) / (containing + 0.5))
    return math.pow(idf, DAMPING)


def saturated(frequency: float, length: float, mean_length: float) -> float:
    """Return what a word adds that stands `frequency` times in a passage of `length` words."""
    return frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / mean_length))


def scaled(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Return scores as shares of the best one."""
    best = max(scores.values(), default=0.0)
    return {key: score / best for key, score in scores.items()} if best > 0 else {}


def fused(held: Iterable[Held], rankings: Rankings) -> dict[int, float]:
    """Return the passage that stands for each document, with the document's score, best first.

    A document has the best of its passages in each ranking, whichever they are; 1.0 is the best of
    all in each. Of equal documents that of the lower number comes first.
    """
    passages: dict[int, tuple[float, int]] = {}
    words: dict[int, float] = {}
    near: dict[int, float] = {}
    paths: dict[int, str] = {}
    for pk, document, path in held:
        by_words, by_vectors = rankings.words.get(pk, 0.0), rankings.vectors.get(pk, 0.0)
        best, _pk = passages.get(document, (-1.0, 0))
        if by_words + by_vectors > best:
            passages[document] = (by_words + by_vectors, pk)
        words[document] = max(by_words, words.get(document, 0.0))
        near[document] = max(by_vectors, near.get(document, 0.0))
        paths[document] = path
    scores = {
        document: standing(path)
        * (words[document] + near[document] + rankings.of_document(document))
        / rankings.most
        for document, path in paths.items()
    }
    order = sorted(scores, key=lambda document: (-scores[document], document))
    return {passages[document][1]: scores[document] for document in order}


def standing(path: str) -> float:
    """Return the factor of a document by where it lies."""
    return OF_HISTORY if path.startswith(HISTORY) else 1.0


def reciprocal_rank(expected: set[str], found: Sequence[str]) -> float:
    """Return 1 over the place of the first expected one, 0.0 where there is none."""
    places = (place for place, one in enumerate(found, start=1) if one in expected)
    return next((1 / place for place in places), 0.0)
