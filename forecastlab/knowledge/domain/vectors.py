"""Vectors fitted on the corpus itself: which passages are about the same, though in other words.

Terms are weighed by (1 + ln tf) ln((1 + n) / (1 + df)) and rows brought to length 1 (Manning,
Raghavan and Schütze, *Introduction to Information Retrieval*, 2008, 6.4), then laid into the
directions of a truncated singular value decomposition: words that come together lie together
(Deerwester et al., *Indexing by Latent Semantic Analysis*, 1990).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
RECIPE = f"tfidf-svd/{FORMAT}"
DIMENSION = 60

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a corpus taught: its terms, their weights, and the directions (dimension x terms)."""

    places: Mapping[str, int]
    rarity: Floats
    directions: Floats

    @property
    def dimension(self) -> int:
        return int(self.directions.shape[0])

    def vector(self, counts: Mapping[str, float]) -> Floats | None:
        """Return the vector, of length 1, of words and how much each counts; None: knows none."""
        known = {self.places[word]: count for word, count in counts.items() if word in self.places}
        if not known:
            return None
        at = np.fromiter(known, dtype=np.intp)
        weights = np.fromiter(known.values(), dtype=np.float32) * self.rarity[at]
        found = self.directions[:, at] @ weights
        length = float(np.linalg.norm(found))
        return (found / length).astype(np.float32) if length > 0 else None

    def as_bytes(self) -> bytes:
        """Return an npz without pickles; equal ones give equal bytes."""
        words = sorted(self.places, key=self.places.__getitem__)
        told = np.frombuffer(json.dumps([FORMAT, words]).encode(), dtype=np.uint8)
        target = io.BytesIO()
        np.savez(target, words=told, rarity=self.rarity, directions=self.directions)
        return target.getvalue()


def from_bytes(content: bytes) -> Fitted:
    """Read what `as_bytes` wrote; raises ValueError for another format."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        told: Any = json.loads(held["words"].tobytes())
        if told[0] != FORMAT:
            raise ValueError(f"vectors of format {told[0]}; this code reads {FORMAT}")
        places = {word: place for place, word in enumerate(told[1])}
        return Fitted(places, held["rarity"], held["directions"])


def nearest(vectors: Floats, asked: Floats, *, most: int) -> tuple[list[int], list[float]]:
    """Return the rows of `vectors` nearest by cosine above 0, the best first, and their cosines."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked)
    cosines = (vectors @ asked) / np.maximum(lengths, np.float32(1e-12))
    order = np.argsort(-cosines, kind="stable")[:most]
    kept = [int(row) for row in order if cosines[row] > 0]
    return kept, [float(cosines[row]) for row in kept]
