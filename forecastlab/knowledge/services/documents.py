"""What becomes of a document: added, given new bytes, edited, indexed again, deleted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from forecastlab.accounts.domain.roles import Role
from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.knowledge.domain import kinds
from forecastlab.knowledge.domain.extracts import Unreadable
from forecastlab.knowledge.domain.statuses import DOCUMENT, DocumentStatus
from forecastlab.knowledge.models import Document
from forecastlab.lib import artefacts, doorbell
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotAllowed, NotFound
from forecastlab.lib.moves import after

KIND = "index"
MOST_BYTES = 20_000_000
KEY_LENGTH, TITLE_LENGTH, PATH_LENGTH = 100, 200, 500


class NotYours(NotAllowed):
    """Only who added a document and admins may change it."""

    code = "not_yours"


class AlreadyThere(Conflict):
    """A document with the same bytes is there already."""

    code = "already_there"


class DocumentGone(NotFound):
    """This document has just been deleted."""

    code = "document_gone"


class AtWork(Conflict):
    """The document is being indexed. Wait until that is over, or stop its job."""

    code = "at_work"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came in, looked at from outside: its name and its first bytes fit."""

    name: str
    media_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def received(name: str, chunks: Iterable[bytes]) -> File:
    """Return an uploaded file; raise Unreadable for one that is too large or of another kind."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_BYTES:
            raise Unreadable(
                _("'%(name)s' is larger than %(most)s MB.")
                % {"name": name, "most": MOST_BYTES // 1_000_000},
                hint=_("Split it, or save it without its pictures."),
                field="file",
            )
    whole = bytes(content)
    media_type = kinds.of(name, whole)
    if media_type != kinds.PDF:
        kinds.decoded(whole)
    return File(name[-PATH_LENGTH:], media_type, whole)


def add(
    file: File, *, title: str = "", readers: Collection[Group] = (), by: User, at: datetime
) -> Document:
    """Keep an uploaded file and start the job that indexes it.

    Raises AlreadyThere, naming it, for a document with the same bytes that `by` may see.
    """
    _refuse_twin(file, by=by)
    with transaction.atomic():
        document = create(file, source=Document.Source.UPLOAD, title=title, by=by, at=at)
        document.readers.set(readers)
        enqueue([document], by=by, at=at)
        tell(document, "document.added", {"title": document.title}, by=by, at=at)
    return document


def create(
    file: File, *, source: str, by: User | None, at: datetime, title: str = "", key: str = ""
) -> Document:
    """Store a new document; call it in a transaction that also starts its job."""
    named = default_title(file.name)
    return Document.objects.create(
        key=key or f"{slug(named)}-{secrets.token_hex(3)}",
        title=(title.strip() or named)[:TITLE_LENGTH],
        source=source,
        path=file.name,
        media_type=file.media_type,
        content_sha256=artefacts.put(file.content),
        size=len(file.content),
        added_by=by,
        added_at=at,
    )


def replace(document: Document, file: File, *, by: User, at: datetime) -> Document:
    """Give a document other bytes; its key stays, and so do its passages until it is indexed.

    One of a folder keeps the path by which it is found there.
    """
    check_owner(document, by)
    if file.sha256 == document.content_sha256:
        raise AlreadyThere(_("The document holds these very bytes."), field="file")
    _refuse_twin(file, by=by)
    with transaction.atomic():
        document = _locked(document.pk)
        take(document, file)
        if document.source == Document.Source.UPLOAD:
            document.path = file.name
            document.save(update_fields=["path"])
        enqueue([document], by=by, at=at)
        tell(document, "document.replaced", {"path": document.path}, by=by, at=at)
    return document


def take(document: Document, file: File) -> None:
    """Store the file's bytes as those of the document."""
    document.content_sha256 = artefacts.put(file.content)
    document.size, document.media_type = len(file.content), file.media_type
    document.save(update_fields=["content_sha256", "size", "media_type"])


def change(
    document: Document,
    *,
    title: str | None = None,
    readers: Collection[Group] | None = None,
    by: User,
    at: datetime,
) -> Document:
    """Give a document a title, and the groups that may read it (none: all staff).

    Who must not read it any more hears nothing of it from now on. Raises NotYours.
    """
    check_owner(document, by)
    with transaction.atomic():
        document = _locked(document.pk)
        changed: dict[str, Any] = {}
        if title is not None and _titled(document, title):
            changed["title"] = document.title
        if readers is not None and _shown_to(document, readers):
            changed["readers"] = sorted(group.name for group in readers)
        if changed:
            tell(document, "document.changed", changed, by=by, at=at)
    return document


def index_again(document: Document, *, by: User, at: datetime) -> Job:
    """Read a document once more; raise AtWork while a job does so already."""
    with transaction.atomic():
        document = _locked(document.pk)
        _check_idle(document)
        job = enqueue([document], by=by, at=at)
        tell(document, "document.queued", {"job": job.pk}, by=by, at=at)
    return job


def delete(document: Document, *, by: User, at: datetime) -> None:
    """Delete a document with its text and passages; where it was cited is kept.

    Its bytes are swept a day later unless another document has the same. Raises NotYours.
    """
    check_owner(document, by)
    with transaction.atomic():
        remove(_locked(document.pk), by=by, at=at)


def remove(document: Document, *, by: User | None, at: datetime) -> None:
    title, stream = document.title, document.stream
    hold_passages(document)
    document.delete()
    gone = NewEvent(stream, "document.deleted", {"title": title})
    log.append([gone], actor_id=by.pk if by else None, at=at)


def hold_passages(document: Document) -> None:
    """Lock the passages of a document in the order in which those do who store vectors of them.

    Without it a vector that is being stored outlives its passage, and nothing of it can be deleted.
    """
    list(document.chunks.order_by("pk").select_for_update().values_list("pk", flat=True))


def may_change(document: Document, user: User) -> bool:
    if document.source == Document.Source.DOCS:
        return False
    return document.added_by_id == user.pk or Role.ADMIN.value in user.roles


def enqueue(
    documents: Sequence[Document],
    *,
    by: User | None,
    at: datetime,
    told: dict[str, Any] | None = None,
) -> Job:
    """Queue documents and start one job for all; call it in the transaction that changed them.

    `told` is kept with the job; with `refit` in it, all vectors are fitted anew.
    """
    for document in documents:
        if document.status != DocumentStatus.QUEUED:
            document.status = after(DOCUMENT, document.status, "queue").value
    about = documents[0].title if len(documents) == 1 else ""
    params = {"documents": [one.pk for one in documents], "about": about, **(told or {})}
    job = jobs.create(KIND, params=params, by=by, at=at)
    for document in documents:
        document.job = job
    Document.objects.bulk_update(documents, ["status", "job"])
    return job


def tell(
    document: Document, kind: str, payload: dict[str, Any], *, by: User | None, at: datetime
) -> None:
    news = NewEvent(document.stream, kind, payload)
    log.append([news], actor_id=by.pk if by else None, at=at)


def default_title(path: str) -> str:
    """Return what a file is called while nothing better is known: its name in words."""
    return PurePath(path).stem.replace("_", " ").replace("-", " ").strip() or path


def slug(text: str) -> str:
    return slugify(text)[:KEY_LENGTH].strip("-") or "document"


def readers_named(names: Sequence[str]) -> list[Group]:
    """Return the groups of these names; raise BadInput naming one that is not there."""
    found = {group.name: group for group in Group.objects.filter(name__in=names)}
    for name in names:
        if name not in found:
            known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True))
            raise BadInput(
                _("There is no group '%s'.") % name,
                field="readers",
                hint=_("There are: %s.") % known,
            )
    return list(found.values())


def _titled(document: Document, title: str) -> bool:
    title = title.strip()[:TITLE_LENGTH]
    if not title:
        raise BadInput(_("A document needs a title."), field="title")
    if title == document.title:
        return False
    document.title = title
    document.save(update_fields=["title"])
    return True


def _shown_to(document: Document, readers: Collection[Group]) -> bool:
    if {group.pk for group in readers} == set(document.readers.values_list("pk", flat=True)):
        return False
    document.readers.set(readers)
    for pk in User.objects.people().filter(is_active=True).values_list("pk", flat=True):
        doorbell.recheck(pk)
    return True


def _refuse_twin(file: File, *, by: User) -> None:
    twin = Document.objects.visible_to(by).filter(content_sha256=file.sha256).first()
    if twin is not None:
        raise AlreadyThere(
            _("'%(title)s' (%(key)s) holds the same bytes already.")
            % {"title": twin.title, "key": twin.key},
            hint=_("Open that one, or give another file."),
            field="file",
        )


def check_owner(document: Document, by: User) -> None:
    if may_change(document, by):
        return
    if document.source == Document.Source.DOCS:
        raise NotYours(_("'%s' comes with the program and changes with it.") % document.title)
    raise NotYours(
        _("Only %(owner)s, who added '%(title)s', and admins may do this.")
        % {"owner": document.added_by, "title": document.title}
    )


def _check_idle(document: Document) -> None:
    if document.job and not document.job.is_terminal:
        raise AtWork(
            _("Job %(job)s indexes '%(title)s' already.")
            % {"job": document.job.pk, "title": document.title}
        )


def _locked(pk: int) -> Document:
    """Return the document as it is now, for this transaction alone; raises DocumentGone."""
    found = Document.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise DocumentGone
    return found
