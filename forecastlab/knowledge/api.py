from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from forecastlab.accounts.services.access import person, requires
from forecastlab.knowledge.queries import citations, everything, representations, retrieval
from forecastlab.knowledge.services import documents
from forecastlab.lib.cursors import Page
from forecastlab.lib.errors import BadInput

router = Router(tags=["knowledge"])
MOST_LINES = 2_000


class DocumentOut(Schema):
    key: str
    title: str
    source: str
    path: str
    media_type: str
    content_sha256: str
    size: int
    readers: list[str]
    added_by: str | None
    added_at: datetime
    status: str
    passages: int
    indexed_at: datetime | None
    job: int | None
    error: dict[str, Any] | None
    url: str


class DocumentList(Schema):
    items: list[DocumentOut]
    next: str | None


class DocumentFilter(Page):
    search: str = ""
    source: Literal["", "docs", "upload", "folder"] = ""
    status: Literal["", "queued", "indexed", "failed"] = ""


class DocumentIn(Schema):
    title: str = ""
    readers: list[str] = []


class DocumentChange(Schema):
    title: str | None = None
    readers: list[str] | None = None


class Lines(Schema):
    first: int = Field(1, ge=1)
    last: int = Field(MOST_LINES, ge=1)


class TextOut(Schema):
    key: str
    first_line: int
    last_line: int
    lines: list[str]
    lines_in_all: int
    pages: list[int]


@router.get(
    "/documents", response=DocumentList, url_name="documents", summary="The documents you may read"
)
@requires("knowledge.read")
def document_list(request: HttpRequest, wanted: Query[DocumentFilter]) -> dict[str, Any]:
    found, following = representations.listed(request.user, **wanted.dict())
    return {"items": found, "next": following}


@router.post(
    "/documents",
    response={202: DocumentOut},
    url_name="documents",
    summary="Add a document: Markdown, text, HTML or PDF",
)
@requires("knowledge.add")
def document_add(
    request: HttpRequest, wanted: Form[DocumentIn], file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    given = documents.received(file.name or "upload", file.chunks())
    readers = documents.readers_named(wanted.readers)
    document = documents.add(
        given, title=wanted.title, readers=readers, by=person(request), at=timezone.now()
    )
    return Status(202, representations.described(document))


@router.get("/documents/{key}", response=DocumentOut, url_name="document", summary="One document")
@requires("knowledge.read")
def document_read(request: HttpRequest, key: str) -> dict[str, Any]:
    return representations.described(representations.find(key, request.user))


@router.get(
    "/documents/{key}/text",
    response=TextOut,
    url_name="document-text",
    summary="Lines of a document, at most 2,000 at a time",
)
@requires("knowledge.read")
def document_text(request: HttpRequest, key: str, wanted: Query[Lines]) -> dict[str, Any]:
    document = representations.find(key, request.user)
    last = min(wanted.last, wanted.first + MOST_LINES - 1)
    return representations.text(document, first=wanted.first, last=last)


@router.patch(
    "/documents/{key}",
    response=DocumentOut,
    url_name="document",
    summary="Give a document another title or other readers",
)
@requires("knowledge.add")
def document_change(request: HttpRequest, key: str, wanted: DocumentChange) -> dict[str, Any]:
    document = representations.find(key, request.user)
    readers = None if wanted.readers is None else documents.readers_named(wanted.readers)
    changed = documents.change(
        document, title=wanted.title, readers=readers, by=person(request), at=timezone.now()
    )
    return representations.described(changed)


@router.post(
    "/documents/{key}/file",
    response={202: DocumentOut},
    url_name="document-file",
    summary="Give a document a new file; its key stays",
)
@requires("knowledge.add")
def document_replace(
    request: HttpRequest, key: str, file: File[UploadedFile | None] = None
) -> Status[dict[str, Any]]:
    document = representations.find(key, request.user)
    if file is None:
        raise BadInput("There is no file.", hint="Send it as `file`.", field="file")
    given = documents.received(file.name or "upload", file.chunks())
    changed = documents.replace(document, given, by=person(request), at=timezone.now())
    return Status(202, representations.described(changed))


@router.post(
    "/documents/{key}/index",
    response={202: DocumentOut},
    url_name="document-index",
    summary="Index a document once more",
)
@requires("knowledge.index")
def document_index(request: HttpRequest, key: str) -> Status[dict[str, Any]]:
    document = representations.find(key, request.user)
    documents.index_again(document, by=person(request), at=timezone.now())
    return Status(202, representations.described(document))


@router.delete(
    "/documents/{key}",
    response={204: None},
    url_name="document",
    summary="Delete a document; where it was cited is kept",
)
@requires("knowledge.delete")
def document_delete(request: HttpRequest, key: str) -> Status[None]:
    document = representations.find(key, request.user)
    documents.delete(document, by=person(request), at=timezone.now())
    return Status(204, None)


# -- searching ---------------------------------------------------------------------------------


class SearchFilter(Schema):
    """`of` is the name of one kind, of which more is told; empty: some of each."""

    q: str = Field("", max_length=everything.LONGEST)
    of: str = Field("", max_length=40)


class QuestionFilter(Schema):
    q: str = Field(min_length=1, max_length=retrieval.LONGEST_QUESTION)
    limit: int = Field(10, ge=1, le=50)


@router.get("/search", response=dict[str, Any], url_name="search", summary="Look for anything")
@requires("search.use")
def search(request: HttpRequest, asked: Query[SearchFilter]) -> dict[str, Any]:
    return citations.of_everything(everything.search(asked.q, person(request), of=asked.of))


@router.get(
    "/knowledge/passages",
    response=dict[str, Any],
    url_name="knowledge-passages",
    summary="Passages that answer a question, with citations",
)
@requires("knowledge.read")
def passages(request: HttpRequest, asked: Query[QuestionFilter]) -> dict[str, Any]:
    return citations.of_passages(retrieval.retrieve(asked.q, person(request), limit=asked.limit))
