"""Words that people use for those of the house.

A line of the thesaurus is `word: other, words`. Who says one of the others means the word as well;
who says the word may mean one of the others. The others do not stand for each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What a word counts that stands in for the one that was said.
SUBSTITUTE = 0.6
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, each once, in their order."""
    return list(dict.fromkeys(_WORD.findall(text.lower())))


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """For each word those that may be meant by it."""

    meant: Mapping[str, tuple[str, ...]]


def read(lines: Iterable[str]) -> Thesaurus:
    """Read a thesaurus; raises ValueError for a line that is none."""
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        said, colon, rest = text.partition(":")
        heads, others = words(said), words(rest)
        if not colon or not heads or not others:
            raise ValueError(f"'{text}' is no 'word: other, words'")
        for head in heads:
            found.setdefault(head, {}).update(dict.fromkeys(others))
        for other in others:
            found.setdefault(other, {}).update(dict.fromkeys(heads))
    return Thesaurus(
        {word: tuple(one for one in meant if one != word) for word, meant in found.items()}
    )
