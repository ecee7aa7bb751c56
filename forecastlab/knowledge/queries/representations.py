"""Documents as commands and the API tell of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from forecastlab.knowledge.models import Document, DocumentText
from forecastlab.lib import cursors
from forecastlab.lib.errors import NotFound


class NoSuchDocument(NotFound):
    """There is no such document, or not for you."""

    code = "no_such_document"


class NoText(NotFound):
    """The document has not been indexed yet."""

    code = "no_text"


def find(key: str, user: Any) -> Document:
    """Return a document by its key; raise NoSuchDocument for one that `user` may not read."""
    visible = Document.objects.visible_to(user).select_related("job", "added_by")
    found = visible.filter(key=key).first()
    if found is None:
        raise NoSuchDocument(_("There is no document '%s'.") % key)
    return found


def listed(
    user: Any, *, search: str, source: str, status: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return documents in the order in which they were added, and the next page's cursor."""
    asked = {name: one for name, one in (("source", source), ("status", status)) if one}
    visible = Document.objects.visible_to(user).called(search).filter(**asked)
    found, following = cursors.page(_told(visible), by="id", limit=limit, cursor=cursor)
    return [_described(one) for one in found], following


def described(document: Document) -> dict[str, Any]:
    return _described(_told(Document.objects.filter(pk=document.pk)).get())


def text(document: Document, *, first: int, last: int) -> dict[str, Any]:
    """Return some lines of a document, counted from 1 and both included; raise NoText."""
    found = DocumentText.objects.filter(document=document).first()
    if found is None:
        raise NoText(hint=_("Wait until its status is 'indexed'."))
    lines = found.text.split("\n")[first - 1 : last]
    return {
        "key": document.key,
        "first_line": first,
        "last_line": first + len(lines) - 1,
        "lines": lines,
        "lines_in_all": found.lines,
        "pages": found.pages,
    }


def _told(documents: QuerySet[Document]) -> QuerySet[Document]:
    related = documents.select_related("added_by").prefetch_related("readers")
    return related.annotate(passages=Count("chunks", distinct=True))


def _described(document: Any) -> dict[str, Any]:
    return {
        "key": document.key,
        "title": document.title,
        "source": document.source,
        "path": document.path,
        "media_type": document.media_type,
        "content_sha256": document.content_sha256,
        "size": document.size,
        "readers": sorted(group.name for group in document.readers.all()),
        "added_by": document.added_by.username if document.added_by else None,
        "added_at": document.added_at,
        "status": document.status,
        "passages": document.passages,
        "indexed_at": document.indexed_at,
        "job": document.job_id,
        "error": document.error or None,
        "url": document.get_absolute_url(),
    }
