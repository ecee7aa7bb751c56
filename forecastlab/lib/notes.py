"""What people write as Markdown, as HTML that is harmless whoever wrote it."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

TAGS = frozenset(
    {
        *("p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote"),
        *("em", "strong", "s", "code", "pre", "a"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)
SCHEMES = frozenset({"http", "https", "mailto"})
HIGHEST_HEADING = 3  # above stand the headings of the page and of its section


def _image(
    self: RendererHTML, tokens: list[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    """Write a picture as its words: what a note names is not loaded."""
    return self.renderInlineAsText(tokens[place].children, options, env)


def _written() -> MarkdownIt:
    writer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    writer.add_render_rule("image", _image)
    return writer


_WRITER = _written()


def html(text: str) -> SafeString:
    """Return Markdown as HTML of a short list of tags, links to the web, to mail and within.

    Raw HTML in it is text, as is a link of another scheme. Headings begin at the third level.
    """
    tokens = _WRITER.parse(text)
    for one in tokens:
        if one.type in ("heading_open", "heading_close"):
            one.tag = f"h{max(int(one.tag[1:]), HIGHEST_HEADING)}"
    written = _WRITER.renderer.render(tokens, _WRITER.options, {})
    cleaned = nh3.clean(
        written,
        tags=set(TAGS),
        attributes={"a": {"href"}, "*": set()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )
    return SafeString(cleaned)
