"""Reading documents of every kind. Bytes in, an `Extract` out; no file, clock or network."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forecastlab.knowledge.domain import kinds
from forecastlab.knowledge.domain.extracts import Extract, Limits, Unreadable
from forecastlab.knowledge.domain.reading import html, markdown, pdf, plain

_READERS: Mapping[str, Callable[[bytes, Limits], Extract]] = {
    kinds.MARKDOWN: markdown.read,
    kinds.TEXT: plain.read,
    kinds.HTML: html.read,
    kinds.PDF: pdf.read,
}


def read(content: bytes, media_type: str, limits: Limits | None = None) -> Extract:
    """Return what a document says; raise Unreadable for what is broken, locked, empty or huge."""
    allowed = limits or Limits()
    found = _READERS[media_type](content, allowed)
    if not any(line.strip() for line in found.lines):
        raise Unreadable("There is no text in it.", hint=_NO_TEXT[media_type], field="file")
    characters = sum(map(len, found.lines)) + len(found.lines) - 1
    if characters > allowed.characters:
        raise Unreadable(
            f"It holds {characters:,} characters of text, more than {allowed.characters:,}.",
            hint="Split it.",
            field="file",
        )
    return found


_NO_TEXT = {
    kinds.MARKDOWN: "Give a file with text.",
    kinds.TEXT: "Give a file with text.",
    kinds.HTML: "A page that a script fills when it is opened has none: save it as PDF.",
    kinds.PDF: "Pages that were scanned are pictures: run text recognition over them first.",
}
