from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt

from forecastlab.knowledge.domain import kinds
from forecastlab.knowledge.domain.extracts import Extract, Heading, Limits

# Blocks alone are wanted: what stands inside a line may be made to cost much and says nothing here.
_BLOCKS = MarkdownIt("commonmark").disable("inline")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_`]+")


def read(content: bytes, limits: Limits) -> Extract:
    """Return the lines of a Markdown file as they stand, and its headings.

    Lines that look like headings inside code, quotes and front matter are none.
    """
    text = kinds.decoded(content)
    lines = text.split("\n")
    headings = [_heading(*one) for one in _places(_without_front_matter(text))]
    title = next((one.text for one in headings if one.level == 1), "")
    return Extract(lines, title, [one for one in headings if one.text])


def _places(text: str) -> list[tuple[int, int, str]]:
    """Return line, level and source of each heading of the outermost level of blocks."""
    tokens = _BLOCKS.parse(text)
    return [
        (one.map[0] + 1, int(one.tag[1:]), following.content)
        for one, following in pairwise(tokens)
        if one.type == "heading_open" and one.level == 0 and one.map
    ]


def _heading(line: int, level: int, source: str) -> Heading:
    return Heading(line, level, _MARKS.sub("", _LINK.sub(r"\1", source)).strip())


def _without_front_matter(text: str) -> str:
    """Empty the lines of the settings at the head of a file, so that the others keep theirs."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return text
    return "\n" * found[0].count("\n") + text[found.end() :]
