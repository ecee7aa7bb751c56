"""Keeping the corpus equal to files on disk: the program's own documents, and folders."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.knowledge.domain import chunks
from forecastlab.knowledge.domain.extracts import Unreadable
from forecastlab.knowledge.gateways import files
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.services import documents
from forecastlab.knowledge.services.documents import File
from forecastlab.lib import sweeps
from forecastlab.lib.errors import Conflict, HouseError

LOCK = "knowledge.sync"
OWN = ("README.md", "CHANGELOG.md", "docs")


class FolderTaken(Conflict):
    """Another folder of the same name has a file of this path."""

    code = "folder_taken"


@dataclass(slots=True)
class Sync:
    """What a look at the files found; `job` indexes what is new or has changed, if anything."""

    job: Job | None = None
    queued: list[Document] = field(default_factory=list)
    unchanged: int = 0
    # Paths of documents that went because their files have gone.
    gone: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        counts = {"unchanged": self.unchanged, "removed": len(self.gone)}
        return {**counts, "gone": self.gone, "refused": self.refused}


@dataclass(frozen=True, slots=True)
class _Look:
    """How files are looked at: as whose, in which folder, and whether unchanged ones count too."""

    source: str
    at: datetime
    again: bool = False
    by: User | None = None
    folder: str = ""


def sync_own(*, by: User | None, at: datetime, again: bool = False, refit: bool = False) -> Sync:
    """Queue the documents of the program that are new or changed, and drop those that are gone.

    With `refit` the job fits all vectors anew, also when it has nothing to read.
    One at a time: whoever comes meanwhile is told that nothing was to be done.
    """
    found = Sync()
    look = _Look(Document.Source.DOCS, at, again)
    with sweeps.alone(LOCK) as first:
        if not first:
            return found
        named = own_files()
        for path, file in named.items():
            _follow(found, _file(path, file), look)
        for document in Document.objects.filter(source=look.source).exclude(path__in=named):
            documents.remove(document, by=by, at=at)
            found.gone.append(document.path)
        _start(found, by=by, at=at, refit=refit)
    return found


def at_work() -> list[int]:
    """Return the jobs that are still to read documents of the program."""
    waiting = Document.objects.filter(
        source=Document.Source.DOCS, status=Document.Status.QUEUED, job__isnull=False
    )
    return sorted(waiting.values_list("job_id", flat=True).distinct())


def follow_own(paths: Collection[str], *, at: datetime) -> None:
    """Bring some documents of the program up to their files, and leave it to the caller to index
    those that are new or changed.
    """
    found = Sync()
    with sweeps.alone(LOCK) as first:
        files_there = own_files() if first else {}
        for path in sorted(files_there.keys() & set(paths)):
            _follow(found, _file(path, files_there[path]), _Look(Document.Source.DOCS, at))


def sync_folder(
    path: Path,
    *,
    by: User,
    at: datetime,
    readers: Sequence[Group] = (),
    again: bool = False,
    refit: bool = False,
) -> Sync:
    """Queue the files of a folder that are new or changed since it was indexed last.

    A file that cannot be a document is told of and left out; documents whose files have gone from
    the folder go. Raises FolderUnusable. New documents are shown to `readers`; those that are
    there keep theirs.
    """
    found = Sync()
    named = files.below(path)
    look = _Look(Document.Source.FOLDER, at, again, by, files.folder_of(path))
    with transaction.atomic():
        for name, file in named:
            with _told_of(found, name):
                document = _follow(found, _file(name, file), look)
                if document:
                    document.readers.set(readers)
        if look.folder:
            _drop(found, look.folder, [name for name, _path in named], by=by, at=at)
        _start(found, by=by, at=at, refit=refit)
    return found


@contextmanager
def _told_of(found: Sync, name: str) -> Iterator[None]:
    """Tell of what is refused, and go on."""
    try:
        yield
    except HouseError as error:
        found.refused.append({"path": name, "detail": error.message})


def _drop(found: Sync, folder: str, named: Collection[str], *, by: User, at: datetime) -> None:
    """Delete the documents of a folder that holds no such files any more."""
    held = Document.objects.filter(source=Document.Source.FOLDER, folder=folder)
    for document in held.exclude(path__in=named).order_by("path"):
        with _told_of(found, document.path):
            documents.check_owner(document, by)
            documents.remove(document, by=by, at=at)
            found.gone.append(document.path)


def own_files() -> dict[str, Path]:
    """Return the program's documents by their path below its root."""
    root = Path(settings.BASE_DIR)
    found = [root / name for name in OWN]
    listed = [one for path in found if path.is_dir() for one in path.rglob("*.md")]
    listed += [path for path in found if path.is_file()]
    return {one.relative_to(root).as_posix(): one for one in sorted(listed)}


def _file(name: str, file: Path) -> File:
    return documents.received(name, files.chunks_of(file))


def _follow(found: Sync, file: File, look: _Look) -> Document | None:
    """Bring one document up to its file; return it when it is new."""
    document = Document.objects.filter(source=look.source, path=file.name).first()
    if document is None:
        made = _made(file, look)
        found.queued.append(made)
        return made
    if look.by is not None:
        documents.check_owner(document, look.by)
    _settle_in(document, look.folder)
    same = file.sha256 == document.content_sha256
    if not same:
        documents.take(document, file)
    if same and not look.again and _is_settled(document):
        found.unchanged += 1
    else:
        found.queued.append(document)
    return None


def _made(file: File, look: _Look) -> Document:
    """Store a new document; one of the program is called by its path, wherever it is installed."""
    path = str(PurePath(file.name).with_suffix("")).replace("/", " ")
    key = documents.slug(path) if look.by is None else ""
    made = documents.create(file, source=look.source, by=look.by, at=look.at, key=key)
    _settle_in(made, look.folder)
    return made


def _settle_in(document: Document, folder: str) -> None:
    """Store which folder a document is of; raise FolderTaken while it is one of another."""
    if document.folder == folder:
        return
    if document.folder and folder and files.is_folder(document.folder):
        told = {"path": document.path, "folder": document.folder}
        raise FolderTaken(_("'%(path)s' is a document of the folder %(folder)s already.") % told)
    document.folder = folder or document.folder
    document.save(update_fields=["folder"])


def _is_settled(document: Document) -> bool:
    """Say whether its bytes were cut as they would be now, or could not be, or will soon be."""
    if document.status == Document.Status.QUEUED:
        return document.job is not None and not document.job.is_terminal
    if document.status == Document.Status.FAILED:
        return bool(document.error.get("code") == Unreadable.code)
    return document.indexed_sha256 == chunks.recipe(document.content_sha256)


def _start(found: Sync, *, by: User | None, at: datetime, refit: bool) -> None:
    if found.queued or refit:
        told = {**found.told(), "refit": refit}
        found.job = documents.enqueue(found.queued, by=by, at=at, told=told)
