"""What is read out of a file, and where its passages lie in it."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from forecastlab.knowledge.domain import chunks, kinds, reading
from forecastlab.knowledge.domain.extracts import Extract, Heading, Unreadable
from tests.knowledge import files


def read(name: str, content: bytes) -> Extract:
    return reading.read(content, kinds.of(name, content))


def cut(text: str, name: str = "a.md") -> list[chunks.Passage]:
    return chunks.cut(read(name, text.encode()))


def test_headings_of_markdown_are_found_where_they_are_headings() -> None:
    front = "---\ntitle: x\n---\n"

    found = read("returns.md", (front + files.POLICY).encode())

    assert found.title == "Returns"
    assert found.headings == [
        Heading(4, 1, "Returns"),
        Heading(8, 2, "Damaged goods"),
        Heading(16, 2, "Money"),
    ]
    assert found.lines[3] == "# Returns"


def test_passages_stay_below_their_heading_and_know_their_lines() -> None:
    found = cut(files.POLICY)

    assert [(one.heading_path, one.first_line, one.last_line) for one in found] == [
        ("Returns", 1, 3),
        ("Returns > Damaged goods", 5, 11),
        ("Returns > Money", 13, 15),
    ]
    assert found[0].text == "# Returns\n\nGoods come back within thirty days."


def test_a_text_made_to_cost_much_is_cut_like_any_other() -> None:
    words = "word " * 400
    spaces = ["a", " " * 100_000, "b"]
    blanks = [words, *[""] * 30_000, "b", "", words]
    began = time.process_time()

    found = [chunks.cut(Extract(lines)) for lines in (spaces, blanks)]

    assert time.process_time() - began < 15  # trying every place of them takes minutes
    assert [[one.last_line for one in each] for each in found] == [[3], [30_002, 30_004]]


def test_too_many_passages_and_too_many_lines_are_refused() -> None:
    count = chunks.MOST_PASSAGES + 1
    sections = Extract(["x"] * count, "", [Heading(n, 1, "") for n in range(1, count + 1)])

    with pytest.raises(Unreadable, match="passages"):
        chunks.cut(sections)
    with pytest.raises(Unreadable, match="characters"):
        read("a.txt", b"a" + b"\n" * 3_000_000)


def test_a_long_section_is_cut_between_paragraphs_and_overlaps() -> None:
    paragraphs = [f"Paragraph {n} begins. " + "It goes on and on. " * 20 for n in range(12)]

    found = cut("# Long\n\n" + "\n\n".join(paragraphs))

    assert len(found) > 1
    assert all(one.tokens <= chunks.MOST_TOKENS + chunks.LEAST_TOKENS for one in found)
    for before, after in pairwise(found):
        assert after.first_line <= before.last_line
        assert after.text.split(". ")[0] in before.text
    for n in range(12):
        assert any(f"Paragraph {n} begins." in one.text for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 5000,
        "One sentence follows another. " * 900,
        "| a | b |\n" * 900,
        "\n".join(f"{n}. item of a list" for n in range(900)),
        "x" * 60_000,
        "。".join("文" * 40 for _ in range(400)),
    ],
    ids=["words", "sentences", "table", "list", "no blanks", "no letters of ours"],
)
def test_whatever_is_long_is_cut_and_nothing_is_lost(text: str) -> None:
    found = cut(text, "a.txt")

    assert all(one.tokens <= chunks.MOST_TOKENS + chunks.LEAST_TOKENS for one in found)
    assert len(found) >= chunks.count_tokens(text) / chunks.MOST_TOKENS
    assert found[0].text[:10] == text.strip()[:10]
    assert found[-1].text[-3:] == text.strip()[-3:]
    assert all(one.first_line <= one.last_line for one in found)


def test_a_page_is_read_as_people_see_it() -> None:
    page = (
        "<html><head><title>House rules</title><style>b{}</style></head><body><nav>Home</nav>"
        "<h1>Rules</h1><p>Be <b>kind</b> &amp; brief.<br>Always.</p><script>alert(1)</script>"
        "<ul><li>One<li>Two</ul><table><tr><th>Day<th>Hour<tr><td>Monday<td>9</table>"
        "<pre>a\n  b</pre><p hidden>secret</p><img alt='A shop'><p>&#1;End"
    )

    found = read("rules.html", page.encode())

    assert found.title == "House rules"
    assert found.headings == [Heading(1, 1, "Rules")]
    assert [line for line in found.lines if line] == [
        "Rules",
        "Be kind & brief.",
        "Always.",
        "- One",
        "- Two",
        "Day | Hour",
        "Monday | 9",
        "a",
        "  b",
        "A shop",
        "End",
    ]


def test_a_pdf_is_cited_by_page_and_line() -> None:
    content = files.pdf([["First page", "more"], ["Second page"]], title="Handbook")

    found = read("handbook.pdf", content)
    passages = chunks.cut(found)

    assert found.title == "Handbook"
    assert found.pages == [1, 4]
    assert found.lines[3] == "Second page"
    assert [(one.page, one.first_line, one.last_line) for one in passages] == [(1, 1, 4)]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe"),
        ("utf-8-sig", "Größe"),
        ("utf-16", "Größe"),
        ("utf-32", "Größe"),
        ("cp1252", "Größe – 5 €"),
    ],
)
def test_text_of_every_encoding_is_read(encoding: str, text: str) -> None:
    found = read("a.txt", f"{text}\r\nzwei\rdrei".encode(encoding))

    assert found.lines == [text, "zwei", "drei"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.docx", b"PK\x03\x04rest", "Word"),
        ("a.md", b"\x89PNG\r\n", "picture"),
        ("a.exe", b"text", "of a kind that is not read"),
        ("a.pdf", b"plain text", "called PDF, but is none"),
        ("a.md", b"%PDF-1.7 rest", "by another name"),
        ("a.txt", b"one\ntwo\x00\x01", "line 2 holds the byte 0x0"),
        ("a.txt", "text".encode("utf-16-le"), "save it with a byte order mark"),
        ("a.txt", b"\xff\xfea\x00\x00\xd8", "begins as UTF-16"),
        ("a.html", b"<script>x()</script>", "no text in it"),
        ("a.pdf", b"%PDF-1.7 and then nothing", "broken"),
        ("a.pdf", files.pdf([["x"]])[:200], "broken"),
        ("a.pdf", files.locked(), "locked with a password"),
        ("a.pdf", files.blank(), "text recognition"),
        ("a.pdf", files.blank(2001), "2,001 pages"),
        ("a.txt", b"many words " * 300_000, "3,300,000 characters"),
    ],
)
def test_what_cannot_be_read_says_what_and_what_to_do(name: str, content: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(name, content)

    assert said in refused.value.message
    assert refused.value.hint
