"""One document as its page shows it: lines with their numbers, those that are cited marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min
from django.utils.translation import gettext as _

from forecastlab.knowledge.domain import chunks, kinds
from forecastlab.knowledge.models import Document, DocumentText

LINES_PER_PAGE = 500
MOST_SECTIONS = 60
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_CITED = re.compile(rf"[0-9a-f]{{{chunks.CITED}}}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: lines that are cited (0, 0 for none) and a page of lines.

    `cited`: how the hash of the passage begins that stood in these lines; empty where none is said.
    """

    first: int = 0
    last: int = 0
    page: str = ""
    cited: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    is_cited: bool
    page: int | None = None  # the page of a PDF that begins here


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    depth: int
    address: str


@dataclass(frozen=True, slots=True)
class DocumentPage:
    document: Document
    wanted: Wanted
    lines: Sequence[Line]
    page: Page[int] | None
    length: int
    sections: Sequence[Section]
    more_sections: int

    @property
    def has_changed(self) -> bool:
        """Whether the passage that is cited does not stand in its lines any more."""
        return bool(self.page) and bool(self.wanted.cited) and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Whether the lines that are cited are beyond the end."""
        return bool(self.page) and self.wanted.first > self.length

    @property
    def is_prose(self) -> bool:
        """Whether lines are ours to break: those of Markdown and text stand as written."""
        return self.document.media_type in (kinds.HTML, kinds.PDF)

    @property
    def kind(self) -> str:
        return kinds.LABELS[self.document.media_type]

    @property
    def is_working(self) -> bool:
        job = self.document.job
        is_waiting = self.document.status == Document.Status.QUEUED
        return is_waiting and job is not None and not job.is_terminal

    @property
    def cited(self) -> str:
        first, last = self.wanted.first, self.wanted.last
        return f"{first}" if first == last else f"{first}–{last}"

    @property
    def readers(self) -> str:
        names = [group.name for group in self.document.readers.order_by("name")]
        return ", ".join(names) or _("all staff")


def wanted(given: Mapping[str, str]) -> Wanted:
    found = _RANGE.fullmatch(given.get("lines", ""))
    if found is None:
        return Wanted(page=given.get("page", ""))
    first = int(found[1])
    last = int(found[2] or first)
    passage = _CITED.fullmatch(given.get("cited", ""))
    if not first:
        return Wanted()
    return Wanted(first, max(first, last), given.get("page", ""), passage[0] if passage else "")


def standing(document: Document, asked: Wanted) -> Wanted:
    """Return the lines in which the passage that is cited stands by now.

    `cited` stays set where it stands nowhere any more.
    """
    if not asked.cited:
        return asked
    held = document.chunks.filter(content_sha256__startswith=asked.cited).order_by("position")
    lines = held.values_list("first_line", "last_line").first()
    return Wanted(*lines, page=asked.page) if lines else asked


def of(document: Document, asked: Wanted) -> DocumentPage:
    found = DocumentText.objects.filter(document=document).first()
    if found is None:
        return DocumentPage(document, asked, [], None, 0, [], 0)
    sections = _sections(document)
    page = _page(found, asked)
    return DocumentPage(
        document=document,
        wanted=asked,
        lines=_lines(found, asked, page),
        page=page,
        length=found.lines,
        sections=sections[:MOST_SECTIONS],
        more_sections=max(len(sections) - MOST_SECTIONS, 0),
    )


def _page(found: DocumentText, asked: Wanted) -> Page[int]:
    """Return the page of line numbers that is asked for, else the one with what is cited."""
    paginator = Paginator(range(1, found.lines + 1), LINES_PER_PAGE)
    if asked.page or not asked.first:
        return paginator.get_page(asked.page)
    return paginator.get_page(1 + (asked.first - 1) // LINES_PER_PAGE)


def _lines(found: DocumentText, asked: Wanted, page: Page[int]) -> list[Line]:
    texts = found.text.split("\n")
    begins = {line: number for number, line in enumerate(found.pages, start=1)}
    return [
        Line(number, texts[number - 1], asked.first <= number <= asked.last, begins.get(number))
        for number in page.object_list
    ]


def _sections(document: Document) -> list[Section]:
    """Return the headings of a document that have passages, in its order."""
    rows = document.chunks.exclude(heading_path="").values("heading_path")
    told = rows.annotate(
        first=Min("first_line"), last=Max("last_line"), place=Min("position")
    ).order_by("place")
    return [_section(one["heading_path"], one["first"], one["last"]) for one in told]


def _section(heading_path: str, first: int, last: int) -> Section:
    path = heading_path.split(chunks.JOIN)
    return Section(path[-1], len(path), f"?lines={first}-{last}#L{first}")


def counts(document: Document) -> dict[str, int]:
    """Return how much goes with a document, and how many citations stay."""
    told = Document.objects.filter(pk=document.pk).aggregate(
        passages=Count("chunks", distinct=True), citations=Count("citations", distinct=True)
    )
    return {name: int(value) for name, value in told.items()}
