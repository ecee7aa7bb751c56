"""Notes come out as what was meant, and harmless whatever was meant."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastlab.lib import notes

ATTACKS = (
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](java\nscript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:msgbox(1))",
    "[click](&#x6A;avascript:alert(1))",
    "[click](//evil.example)",
    "<javascript:alert(1)>",
    '![x](x.png "a" onerror=alert(1))',
    '<img src=x onerror="alert(1)">',
    '<a href="https://a.example" onclick="alert(1)">a</a>',
    "![a](https://evil.example/count.png)",
    '[a](https://a.example "\\" onmouseover=\\"alert(1)")',
    "<svg/onload=alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>body{display:none}</style>",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
)


class Reader(HTMLParser):
    """What a browser finds: tags, names of attributes, schemes of links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.schemes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        links = [value or "" for name, value in attrs if name == "href"]
        self.schemes |= {urlsplit(link).scheme for link in links}

    @property
    def is_harmless(self) -> bool:
        known = self.attributes <= {"href", "rel"} and self.schemes <= {"", *notes.SCHEMES}
        return known and self.tags <= notes.TAGS


def test_notes_keep_their_shape() -> None:
    text = "# Why\n\nPrices *fell* by **10 %**, see [the plan](https://plan.example/a?b=1&c=2).\n\n"
    text += "- one\n- `two`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"

    shown = notes.html(text)

    assert "<h3>Why</h3>" in shown
    assert "<em>fell</em> by <strong>10 %</strong>" in shown
    assert 'href="https://plan.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow"' in shown
    assert "<li><code>two</code></li>" in shown
    assert "<td>2</td>" in shown


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_meant_to_harm_comes_out_harmless(attack: str) -> None:
    shown = notes.html(f"before\n\n{attack}\n\nafter")

    assert Reader(shown).is_harmless, shown
    assert "before" in shown
    assert "after" in shown


@given(st.text(st.sampled_from("<>[]()!\"'`=/: \nabcjsiptonh&#;x"), max_size=60))
def test_no_text_at_all_comes_out_harmful(text: str) -> None:
    assert Reader(notes.html(text)).is_harmless
