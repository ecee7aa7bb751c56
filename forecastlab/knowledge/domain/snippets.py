"""The piece of a passage that is shown: where most of what was asked for stands together."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

LONGEST = 240
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
# Of Markdown: headings, which are told beside the snippet, fences and the rules of tables; links.
_LINES_OF_FORM = re.compile(r"^ {0,3}(?:#{1,6}[ \t].*|```.*|~~~.*|[|:\- \t]+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,300}\)")
_EDGES = re.compile(r"^[ \t]*\||\|[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet; `marked` where it is a word that was looked for."""

    text: str
    marked: bool = False


def without_marks(text: str) -> str:
    """Return a text of Markdown about as it is read: no headings, marks and targets of links."""
    plain = _LINK.sub(r"\1", _LINES_OF_FORM.sub("", text))
    plain = _EDGES.sub("", plain).replace(" | ", " · ")
    return plain.replace("`", "").replace("**", "")


def snippet(text: str, stems: Collection[str], *, longest: int = LONGEST) -> list[Piece]:
    """Return the part of a text with most words of these stems, as plain pieces on one line."""
    plain = _SPACE.sub(" ", text).strip()
    hits = [word for word in _WORD.finditer(plain) if _is_of(word.group().lower(), stems)]
    start = _start(plain, [hit.start() for hit in hits], longest)
    end = min(len(plain), start + longest)
    if end < len(plain):
        end = max(plain.rfind(" ", start, end), start + longest // 2)
    pieces = [Piece("… ")] if start else []
    at = start
    for hit in hits:
        if hit.start() < at or hit.end() > end:
            continue
        pieces += [Piece(plain[at : hit.start()]), Piece(hit.group(), marked=True)]
        at = hit.end()
    pieces.append(Piece(plain[at:end] + (" …" if end < len(plain) else "")))
    return [piece for piece in pieces if piece.text]


def _start(plain: str, places: Sequence[int], longest: int) -> int:
    """Return where the piece begins: at the word from which most hits follow."""
    if not places or len(plain) <= longest:
        return 0
    best = max(places, key=lambda at: sum(at <= one < at + longest for one in places))
    led = plain.rfind(" ", 0, max(best - 40, 0)) + 1
    return led if best > longest // 3 else 0


def _is_of(word: str, stems: Collection[str]) -> bool:
    """Say whether a word is about of one of these stems: the endings of English are short."""
    return any(
        word.startswith(stem[: max(len(stem) - 1, 3)]) and len(word) - len(stem) <= 4
        for stem in stems
        if len(stem) > 1
    )
