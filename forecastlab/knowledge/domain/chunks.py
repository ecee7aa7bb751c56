"""Cutting a text into the passages that are searched and cited.

A passage stays below one heading. It takes whole paragraphs up to about 512 tokens; a longer
paragraph is parted by sentences, code and tables by lines, and what is left by words. Where a
section takes several, each begins with the end of the one before, up to about 50 tokens.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from forecastlab.knowledge.domain.extracts import Extract, Heading, Unreadable

# A text of usual sections comes to about a thousand at its longest.
MOST_PASSAGES = 20_000
MOST_TOKENS = 512
OVERLAP = 50
LEAST_TOKENS = 30  # a heading goes with what follows it
JOIN = " > "
PATH_LENGTH = 500
# So many digits of its hash name a passage in its document.
CITED = 16
# Changes when the same bytes are to be cut another way.
RECIPE = "1"

Span = tuple[int, int]

_TOKEN = re.compile(r"\w{1,6}|[^\w\s]")
# From the start of a line alone: a line of spaces would be tried from every place of it.
_LINE = re.compile(r"^[^\n]*\S", re.MULTILINE)
_SENTENCE = re.compile(r"""(?<=[.!?:;])["')\]]*\s+(?=[\w"'(\[*`-])""")
_STOP = re.compile(r"\n|(?<=[.!?])\s+")
_LINED = re.compile(r"\s*(?:\||[-*+] |\d+[.)] |\t|    |```|~~~)")


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines are counted from 1 and both included; `page` is None where there are no pages."""

    heading_path: str
    text: str
    first_line: int
    last_line: int
    page: int | None
    tokens: int

    @property
    def content_sha256(self) -> str:
        return hashlib.sha256(f"{self.heading_path}\x00{self.text}".encode()).hexdigest()


def recipe(content_sha256: str) -> str:
    """Return what the passages of a document follow from: its bytes, and how they are cut."""
    return hashlib.sha256(f"{RECIPE}:{content_sha256}".encode()).hexdigest()


def anchor(first: int, last: int, *, cited: str = "") -> str:
    """Return what of a document's address opens it at some lines, counted from 1, and marks them.

    `cited`: the hash of the passage that stands there, which is looked for should it move.
    """
    passage = f"&cited={cited[:CITED]}" if cited else ""
    return f"?lines={first}-{last}{passage}#L{first}"


def count_tokens(text: str) -> int:
    """Estimate tokens: words count one for every six letters begun, each other mark one."""
    return sum(1 for _ in _TOKEN.finditer(text))


def cut(extract: Extract) -> list[Passage]:
    """Return the passages of a text in its order; raises Unreadable for far too many."""
    text = "\n".join(extract.lines)
    starts = [0, *accumulate(len(line) + 1 for line in extract.lines)]
    passages = []
    for path, begin, end in _sections(extract, starts, len(text)):
        for first, last in _parted(text, begin, end):
            passages.append(_passage(extract, text, starts, path, (first, last)))
            if len(passages) > MOST_PASSAGES:
                detail = f"It falls into more than {MOST_PASSAGES:,} passages."
                raise Unreadable(detail, hint="Split it.", field="file")
    return passages


def _passage(extract: Extract, text: str, starts: Sequence[int], path: str, span: Span) -> Passage:
    first_line = bisect_right(starts, span[0])
    said = text[span[0] : span[1]]
    return Passage(
        heading_path=path[:PATH_LENGTH],
        text=said,
        first_line=first_line,
        last_line=bisect_right(starts, span[1] - 1),
        page=bisect_right(extract.pages, first_line) or None,
        tokens=count_tokens(said),
    )


def _sections(
    extract: Extract, starts: Sequence[int], length: int
) -> Iterator[tuple[str, int, int]]:
    """Yield the path of headings of each section, and where its own text begins and ends."""
    above: list[Heading] = []
    begin, path = 0, ""
    for heading in extract.headings:
        place = starts[heading.line - 1]
        yield path, begin, place
        above = [*(one for one in above if one.level < heading.level), heading]
        path, begin = JOIN.join(one.text[:PATH_LENGTH] for one in above), place
    yield path, begin, length


def _parted(text: str, begin: int, end: int) -> Iterator[Span]:
    """Yield the spans of the passages of one section; none for a heading without text."""
    units = list(_units(text, begin, end))
    if not units or _is_heading_alone(text, units):
        return
    first, last, room = units[0][0], units[0][0], MOST_TOKENS
    for start, stop in units:
        size = count_tokens(text[start:stop])
        if size > room and count_tokens(text[first:last]) >= LEAST_TOKENS:
            yield first, last
            first = _overlapping(text, first, last, start)
            room = MOST_TOKENS - count_tokens(text[first:start])
        last, room = stop, room - size
    yield first, last


def _is_heading_alone(text: str, units: Sequence[Span]) -> bool:
    said = text[units[0][0] : units[-1][1]].strip()
    return len(units) == 1 and "\n" not in said and said.startswith("#")


def _units(text: str, begin: int, end: int) -> Iterator[Span]:
    """Yield paragraphs, and the parts of those that are too long for one passage."""
    for start, stop in _paragraphs(text, begin, end):
        if count_tokens(text[start:stop]) <= MOST_TOKENS:
            yield start, stop
            continue
        lined = sum(bool(_LINED.match(line)) for line in text[start:stop].split("\n"))
        parts = _by_lines if 2 * lined > text.count("\n", start, stop) else _by_sentences
        for first, last in parts(text, start, stop):
            yield from _by_words(text, first, last)


def _paragraphs(text: str, begin: int, end: int) -> Iterator[Span]:
    """Yield lines that follow each other without an empty one between them."""
    start = stop = begin
    for found in _LINE.finditer(text, begin, end):
        if stop > start and text.count("\n", stop, found.start()) > 1:
            yield start, stop
            start = found.start()
        start, stop = (start if stop > start else found.start()), found.end()
    if stop > start:
        yield start, stop


def _by_lines(text: str, start: int, stop: int) -> Iterator[Span]:
    for found in _LINE.finditer(text, start, stop):
        yield found.span()


def _by_sentences(text: str, start: int, stop: int) -> Iterator[Span]:
    for found in _SENTENCE.finditer(text, start, stop):
        yield start, found.start()
        start = found.end()
    yield start, stop


def _by_words(text: str, start: int, stop: int) -> Iterator[Span]:
    """Yield the span, or parts of it where it alone is more than a passage holds."""
    part = MOST_TOKENS - OVERLAP
    ends = [found.end() for found in _TOKEN.finditer(text, start, stop)]
    if len(ends) <= MOST_TOKENS:
        yield start, stop
        return
    for place in range(part, len(ends) + part, part):
        end = ends[min(place, len(ends)) - 1]
        yield start, end
        start = end


def _overlapping(text: str, first: int, last: int, following: int) -> int:
    """Return where the next passage begins: sentences or lines before `following`, if they fit."""
    found, room = following, OVERLAP
    places = [one.end() for one in _STOP.finditer(text, first, last)]
    for place in reversed(places):
        room -= count_tokens(text[place:found])
        if room < 0:
            break
        found = place
    return found
