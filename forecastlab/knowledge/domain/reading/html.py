from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from forecastlab.knowledge.domain import kinds
from forecastlab.knowledge.domain.extracts import Extract, Heading, Limits, fit

WIDTH = 100  # a line of a paragraph is cited, not the whole of it
SILENT = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object"),
        *("canvas", "audio", "video", "select", "datalist", "nav"),
    }
)
LEVELS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "dialog", "div"),
        *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr"),
        *("html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody"),
        *("tfoot", "thead", "tr", "ul", "caption", *LEVELS),
    }
)
CELLS = frozenset({"td", "th"})
# After these an empty line stands, so that passages can be told apart.
APART = frozenset({"p", "pre", "blockquote", "table", "ul", "ol", "dl", "figure", *LEVELS})
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-zA-Z0-9_-]{2,20})""", re.I)
_OTHER = frozenset(
    {
        *("iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1253"),
        *("windows-1254", "shift_jis", "euc-jp", "euc-kr", "gb18030", "gbk", "big5", "koi8-r"),
    }
)


def read(content: bytes, limits: Limits) -> Extract:
    """Return what a person would read of a page, a line of at most 100 characters each.

    Scripts, styles, menus and what is hidden are left out; no picture, frame or link is followed.
    """
    parser = LexborHTMLParser(_text(content))
    writer = _Writer()
    for node, is_end in _walk(parser.root):
        if is_end:
            writer.leave(node.tag or "")
        elif node.is_text_node:
            writer.say(node.text_content or "")
        else:
            writer.enter(node.tag or "", node)
    titles = parser.css_first("title")
    title = " ".join(fit(titles.text()).split()) if titles else ""
    return writer.extract(title)


def _text(content: bytes) -> str:
    """Decode a page; what it says of itself counts where it has no byte order mark."""
    said = _CHARSET.search(content[:4096])
    charset = said[1].decode("ascii").lower() if said else ""
    if charset in _OTHER and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return content.decode(charset, errors="replace")
    return kinds.decoded(content)


def _walk(root: LexborNode | None) -> Iterator[tuple[LexborNode, bool]]:
    """Yield every node that is shown, and again, with True, where it ends; however deep."""
    stack = [(root, False)] if root else []
    while stack:
        node, is_end = stack.pop()
        if is_end or not _is_hidden(node):
            yield node, is_end
        if not is_end and node.is_element_node and not _is_hidden(node):
            stack.append((node, True))
            stack.extend((one, False) for one in reversed(list(node.iter(include_text=True))))


def _is_hidden(node: LexborNode) -> bool:
    if not node.is_element_node:
        return not node.is_text_node
    return node.tag in SILENT or "hidden" in node.attributes


class _Writer:
    """Puts blocks on lines of their own."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.headings: list[Heading] = []
        self.words: list[str] = []
        self.first = ""  # before the first line of a block
        self.kept = 0  # how many `pre` are open

    def enter(self, tag: str, node: LexborNode) -> None:
        if tag in BLOCKS:
            self.end()
        if tag == "li":
            self.first = "- "
        elif tag == "br":
            self.words.append("\n")
        elif tag in CELLS and "".join(self.words).strip():
            self.words.append(" | ")
        elif tag == "img":
            self.say(node.attributes.get("alt") or "")
        elif tag == "pre":
            self.kept += 1

    def say(self, text: str) -> None:
        said = fit(text)
        self.words.append(said if self.kept else re.sub(r"\s+", " ", said))

    def leave(self, tag: str) -> None:
        if tag in LEVELS:
            self.head(LEVELS[tag])
        elif tag in BLOCKS:
            self.end()
        if tag == "pre":
            self.kept -= 1
        if tag in APART and self.lines and self.lines[-1]:
            self.lines.append("")

    def head(self, level: int) -> None:
        text = " ".join("".join(self.words).split())
        self.words.clear()
        if text:
            if self.lines and self.lines[-1]:
                self.lines.append("")
            self.headings.append(Heading(len(self.lines) + 1, level, text))
            self.lines.extend(textwrap.wrap(text, WIDTH))

    def end(self) -> None:
        """Write what has been said since the last block began."""
        said = "".join(self.words)
        self.words.clear()
        for line in said.split("\n"):
            if self.kept:
                self.lines.append(line.rstrip())
            else:
                self.write(" ".join(line.split()))
        if self.kept and not said.strip():
            self.lines.pop()

    def write(self, text: str) -> None:
        if not text:
            return
        written = f"{self.first}{text}"
        self.first = ""
        self.lines.extend(textwrap.wrap(written, WIDTH, break_on_hyphens=False))

    def extract(self, title: str) -> Extract:
        self.end()
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        named = title or next((one.text for one in self.headings if one.level == 1), "")
        return Extract(self.lines, named, self.headings)
