"""What is read out of a document: its lines, and where its headings and pages begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forecastlab.lib.errors import BadInput

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Unreadable(BadInput):
    """The document cannot be read."""

    code = "document_unreadable"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `line` is counted from 1, `level` is 1 for the outermost."""

    line: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of a document, as lines without their ends.

    `pages` holds the first line of each page, counted from 1, where there are pages. `title` is
    what the document calls itself, "" when it does not.
    """

    lines: Sequence[str]
    title: str = ""
    headings: Sequence[Heading] = ()
    pages: Sequence[int] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "lines": list(self.lines),
            "title": self.title,
            "headings": [[one.line, one.level, one.text] for one in self.headings],
            "pages": list(self.pages),
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Extract:
        headings = [Heading(*one) for one in given["headings"]]
        return cls(given["lines"], given["title"], headings, given["pages"])


@dataclass(frozen=True, slots=True)
class Limits:
    """What no document may exceed. Seconds are those of a processor."""

    characters: int = 3_000_000
    pages: int = 2_000
    seconds: int = 30
    memory: int = 2 << 30


def fit(text: str) -> str:
    """Leave out what no row and no page can hold: control characters and halves of characters."""
    return _UNFIT.sub("", text)
