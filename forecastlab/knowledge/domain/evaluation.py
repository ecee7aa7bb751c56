"""How well questions find the documents that answer them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecastlab.knowledge.domain.ranking import reciprocal_rank

# As far down as anybody looks; hits count among the first three.
DEPTH, HITS = 10, 3


class SetUnusable(ValueError):
    """The text is no set of questions."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the paths of documents that answer it; `heading`: where in the first.

    `unseen`: nothing was ever chosen by whether it is answered.
    """

    question: str
    document: str
    heading: str = ""
    also: tuple[str, ...] = ()
    unseen: bool = False

    @property
    def expected(self) -> set[str]:
        return {self.document, *self.also}


@dataclass(slots=True)
class Score:
    """Figures over the questions asked so far; hit@3 and MRR (over the first ten) are 0 to 1."""

    questions: int = 0
    hits: int = 0
    reciprocal_ranks: float = 0.0
    missed: list[dict[str, Any]] = field(default_factory=list)

    def count(self, asked: Question, found: Sequence[str]) -> None:
        """Count a question by the paths that it found, the best first."""
        rank = reciprocal_rank(asked.expected, found[:DEPTH])
        self.questions += 1
        self.reciprocal_ranks += rank
        if asked.expected.isdisjoint(found[:HITS]):
            told = {"question": asked.question, "expected": asked.document}
            self.missed.append({**told, "found": list(found[:HITS])})
        else:
            self.hits += 1

    def told(self) -> dict[str, Any]:
        most = max(self.questions, 1)
        return {
            "questions": self.questions,
            "hit_at_3": round(self.hits / most, 4),
            "mrr": round(self.reciprocal_ranks / most, 4),
            "missed": self.missed,
        }


def read(content: str) -> list[Question]:
    """Read a set: a JSON list of {question, document, heading?, also?}; raises SetUnusable."""
    try:
        told = json.loads(content)
    except ValueError as error:
        raise SetUnusable(f"no JSON: {error}") from None
    if not isinstance(told, list) or not told:
        raise SetUnusable("no list of questions")
    return [_question(number, one) for number, one in enumerate(told, start=1)]


def _question(number: int, told: Any) -> Question:
    if not isinstance(told, Mapping):
        raise SetUnusable(f"number {number} is no object")
    texts = {name: told.get(name, "") for name in ("question", "document", "heading")}
    also = told.get("also", [])
    valid = all(isinstance(one, str) for one in texts.values()) and isinstance(also, list)
    if not valid or not texts["question"] or not texts["document"]:
        raise SetUnusable(f"number {number} lacks a question or a document")
    return Question(**texts, also=tuple(str(one) for one in also))
