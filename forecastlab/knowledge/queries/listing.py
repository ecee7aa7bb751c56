"""The list of documents: what is searched, filtered, sorted and counted there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.utils.translation import gettext as _

from forecastlab.knowledge.domain.statuses import DocumentStatus
from forecastlab.knowledge.models import Document

PER_PAGE = 25
SORTS = {"title": "title", "size": "size", "passages": "passages", "added": "added_at"}
BY_TITLE = "title"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the list asks for; unheard-of words count as not asked."""

    search: str = ""
    source: str = ""
    status: str = ""
    sort: str = BY_TITLE
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.source or self.status)


@dataclass(frozen=True, slots=True)
class Row:
    document: Document

    @property
    def source(self) -> str:
        return source_words()[self.document.source]

    @property
    def readers(self) -> str:
        names = sorted(group.name for group in self.document.readers.all())
        return ", ".join(names) or _("All staff")


@dataclass(frozen=True, slots=True)
class DocumentList:
    rows: Sequence[Row]
    page: Page[Document]
    wanted: Wanted
    total: int

    @property
    def search(self) -> dict[str, Any]:
        hint = _("Title or file")
        return {"value": self.wanted.search, "hint": hint, "label": _("Search documents")}

    @property
    def hidden(self) -> list[tuple[str, str]]:
        return [("sort", self.wanted.sort)]

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The filters as `components/filters.html` wants them."""
        return [
            {
                "name": "source",
                "label": _("Any source"),
                "options": list(source_words().items()),
                "chosen": self.wanted.source,
            },
            {
                "name": "status",
                "label": _("Any status"),
                "options": list(status_words().items()),
                "chosen": self.wanted.status,
            },
        ]

    @property
    def columns(self) -> list[dict[str, Any]]:
        return [
            {"label": _("Document"), "key": "title"},
            {"label": _("Source"), "key": "", "wide": True},
            {"label": _("Status"), "key": ""},
            {"label": _("Passages"), "key": "passages", "numeric": True},
            {"label": _("Size"), "key": "size", "numeric": True, "wide": True},
            {"label": _("Read by"), "key": "", "wide": True},
            {"label": _("Added"), "key": "added", "numeric": True, "wide": True},
        ]


def source_words() -> dict[str, str]:
    return {
        Document.Source.DOCS.value: _("Comes with the program"),
        Document.Source.UPLOAD.value: _("Uploaded"),
        Document.Source.FOLDER.value: _("From a folder"),
    }


def status_words() -> dict[str, str]:
    return {
        DocumentStatus.QUEUED.value: _("Queued"),
        DocumentStatus.INDEXED.value: _("Indexed"),
        DocumentStatus.FAILED.value: _("Failed"),
    }


def wanted(given: Mapping[str, str]) -> Wanted:
    sort, source, status = (given.get(one, "") for one in ("sort", "source", "status"))
    return Wanted(
        search=given.get("search", "")[:100],
        source=source if source in source_words() else "",
        status=status if status in status_words() else "",
        sort=sort if sort.removeprefix("-") in SORTS else BY_TITLE,
        page=given.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: Any) -> DocumentList:
    """Return one page of the documents that `viewer` may see."""
    visible = Document.objects.visible_to(viewer)
    found = visible.called(asked.search).filter(**_filters(asked))
    counted = found.annotate(passages=Count("chunks")).prefetch_related("readers")
    column = SORTS[asked.sort.removeprefix("-")]
    direction = "-" if asked.sort.startswith("-") else ""
    page = Paginator(counted.order_by(direction + column, "pk"), PER_PAGE).get_page(asked.page)
    return DocumentList([Row(one) for one in page.object_list], page, asked, visible.count())


def _filters(asked: Wanted) -> dict[str, str]:
    given = {"source": asked.source, "status": asked.status}
    return {name: value for name, value in given.items() if value}
