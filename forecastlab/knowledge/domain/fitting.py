"""Fitting vectors on a corpus: a truncated singular value decomposition of its words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from forecastlab.knowledge.domain.vectors import DIMENSION, Fitted, Floats

MOST_WORDS = 50_000
FEWEST = 3
# A fit is good until more than this share of the passages that it was made on is new or gone.
MOST_CHANGED = 0.1
# Coarser than what processors compute differently.
PLACES = 5

Row = tuple[int, str, float]  # passage, word, how often it stands there


def fit(rows: Sequence[Row]) -> tuple[Fitted, list[int], Floats] | None:
    """Fit vectors on the words of passages.

    Returns what was learnt, the passages in order of their numbers, and their vectors (passages x
    dimension, of length 1; 0 for a passage without words). None where there are too few passages
    or words, or where all have the same. The same rows, in any order, give the same, but for
    directions of just equal weight.
    """
    passages = {passage: row for row, passage in enumerate(sorted({one for one, _, _ in rows}))}
    places = {word: place for place, word in enumerate(sorted(_kept(rows)))}
    if min(len(passages), len(places)) < FEWEST:
        return None
    table, rarity = _weighed(rows, passages, places)
    if not table.count_nonzero():  # all say the same
        return None
    directions = _directions(table, min(DIMENSION, min(table.shape) - 1))
    vectors = _lengthened(np.asarray(table @ directions.T, dtype=np.float32))
    return Fitted(places, rarity, directions), list(passages), vectors


def fold(learnt: Fitted, passages: Sequence[int], rows: Sequence[Row]) -> Floats:
    """Return the vectors of passages (in that order) by what was learnt from others.

    One that was learnt from gets the vector that it has, one without a known word 0.
    """
    held: dict[int, dict[str, float]] = {passage: {} for passage in passages}
    for passage, word, often in rows:
        held[passage][word] = 1 + math.log(max(often, 1.0))
    nowhere = np.zeros(learnt.dimension, dtype=np.float32)
    found = [learnt.vector(counts) for counts in held.values()]
    laid = np.array([nowhere if one is None else one for one in found], dtype=np.float32)
    return np.asarray(np.round(laid, PLACES), dtype=np.float32)


def has_drifted(fitted_on: int, new: int, gone: int) -> bool:
    """Say whether more of the passages have changed than what was learnt from them is good for."""
    return max(new, gone) > MOST_CHANGED * fitted_on


def _kept(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the words that are kept: all, or those that stand in most passages."""
    containing = Counter(word for _passage, word, _often in rows)
    most_first = sorted(containing.items(), key=lambda one: (-one[1], one[0]))
    return (word for word, _count in most_first[:MOST_WORDS])


def _weighed(
    rows: Sequence[Row], passages: dict[int, int], places: dict[str, int]
) -> tuple[Any, Floats]:
    """Return the table of weights (passages x words, rows of length 1) and each word's rarity."""
    known = sorted((passages[p], places[word], often) for p, word, often in rows if word in places)
    down, across, often = (np.array(one) for one in zip(*known, strict=True))
    containing = np.bincount(across, minlength=len(places))
    rarity = np.log((1 + len(passages)) / (1 + containing)).astype(np.float32)
    weights = (1 + np.log(np.maximum(often, 1.0))) * rarity[across]
    lengths = np.sqrt(np.bincount(down, weights**2, minlength=len(passages)))
    weights = weights / np.maximum(lengths[down], 1e-12)
    sparse = import_module("scipy.sparse")  # takes half a second, and only workers fit
    return sparse.csr_matrix((weights, (down, across)), (len(passages), len(places))), rarity


def _directions(table: Any, dimension: int) -> Floats:
    """Return the right singular vectors of the largest values, the largest first, signs settled."""
    svds = import_module("scipy.sparse.linalg").svds
    _left, values, right = svds(table, k=dimension, v0=np.ones(min(table.shape)), rng=0)
    right = right[np.argsort(-values, kind="stable")]
    largest = np.abs(right).argmax(axis=1)
    signs = np.sign(right[np.arange(len(right)), largest])
    return np.asarray(np.round(right * signs[:, None], PLACES), dtype=np.float32)


def _lengthened(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.round(vectors / np.maximum(lengths, 1e-12), PLACES), dtype=np.float32)
