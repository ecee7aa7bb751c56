"""The content-addressed store: bytes under their own SHA-256.

Everything goes through Django's storage `artefacts`, so a disk today is an object store tomorrow.
Bytes come first, the row that names them second; a digest is checked when it is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, storages

from forecastlab.lib.errors import NotFound

CHUNK = 1 << 20
# The folder of drafts is one of those in which old ones are looked for.
DRAFTS, DRAFT = "00", ".draft."
FOLDER = re.compile(r"[0-9a-f]{2}")
DIGEST = re.compile(r"[0-9a-f]{64}")


class ArtefactMissing(NotFound):
    """The artefact is not in the store."""

    code = "artefact_missing"


class ArtefactChanged(NotFound):
    """The artefact's bytes are not those that were stored."""

    code = "artefact_changed"


class DiskStorage(FileSystemStorage):
    """Writes under a temporary name, syncs, then renames: a name that exists is whole."""

    @property
    def location(self) -> str:
        return str(Path(settings.ARTEFACT_ROOT).resolve())

    def _save(self, name: str, content: File[Any]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        if content.name and self.is_draft(Path(content.name)):
            os.fsync(content.fileno())
            Path(content.name).replace(target)
            return name
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with draft.open("xb") as stream:
                for chunk in content.chunks(CHUNK):
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return name

    def draft(self, suffix: str) -> Path:
        """Return where to write what will be stored: then it is renamed, not copied."""
        folder = self._drafts()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{DRAFT}{secrets.token_hex(8)}{suffix}"

    def is_draft(self, place: Path) -> bool:
        """Say whether a file is one of those that `draft` has named."""
        return place.parent == self._drafts() and place.name.startswith(DRAFT)

    def _drafts(self) -> Path:
        return Path(self.location) / DRAFTS

    def freshen(self, name: str) -> bool:
        """Let a file count as new; False when it is not there."""
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            return False
        return True


def _storage() -> DiskStorage:
    """Return the configured storage; one for objects has to offer `draft` and `freshen` as well."""
    return cast("DiskStorage", storages["artefacts"])


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


@contextmanager
def draft(suffix: str) -> Iterator[Path]:
    """Give a place for a large file that is to be stored; what was not stored is deleted."""
    place = _storage().draft(suffix)
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)


def put(content: Path | bytes) -> str:
    """Store the bytes, or the bytes of the file, and return their digest. Repeating is free.

    What is stored already counts as new again: a sweep that is under way leaves it. A `draft` is
    taken away.
    """
    digest = _digest_of(content)
    if _storage().freshen(_name(digest)):
        return digest
    if isinstance(content, bytes):
        _storage().save(_name(digest), ContentFile(content))
    else:
        with content.open("rb") as stream:
            _storage().save(_name(digest), File(stream))
    return digest


def open(digest: str) -> IO[bytes]:
    """Open the stored bytes, unchecked: call `verify` first where it matters."""
    if not _storage().exists(_name(digest)):
        raise ArtefactMissing(f"The store holds no bytes under {digest}.")
    return _storage().open(_name(digest), "rb")


def has(digest: str) -> bool:
    """Say whether something is stored under the digest, unchecked."""
    return _storage().exists(_name(digest))


def path(digest: str) -> Path:
    """Return the local file of a digest, checked against it."""
    verify(digest)
    return Path(_storage().path(_name(digest)))


def path_checked_once(digest: str) -> Path:
    """Return the local file of a digest, checked when this process first meets it as it stands.

    For what is read often, or of which a little is read: size and time of change tell whether
    somebody touched it since.
    """
    if not has(digest):
        verify(digest)
    found = Path(_storage().path(_name(digest)))
    stands = found.stat()
    _check_once(digest, stands.st_size, stands.st_mtime_ns)
    return found


@lru_cache(maxsize=4096)
def _check_once(digest: str, size: int, changed: int) -> None:
    verify(digest)


def verify(digest: str) -> None:
    """Raise ArtefactMissing or ArtefactChanged unless the stored bytes have this digest."""
    with open(digest) as stream:
        found = _digest(iter(lambda: stream.read(CHUNK), b""))
    if found != digest:
        raise ArtefactChanged(f"The bytes stored under {digest} now have the digest {found}.")


def discard(digest: str) -> int:
    """Delete the stored bytes and return how many there were; repeating is free.

    Equal bytes have one digest: whoever discards must know that nobody else needs them.
    """
    if not _storage().exists(_name(digest)):
        return 0
    freed = _storage().size(_name(digest))
    _storage().delete(_name(digest))
    return int(freed)


def untouched_since(limit: datetime) -> list[str]:
    """Return the digests of what was last stored before `limit`."""
    storage = _storage()
    names = [
        f"{folder}/{name}"
        for folder in _folders()
        for name in storage.listdir(folder)[1]
        if DIGEST.fullmatch(name)
    ]
    return [name[3:] for name in names if _is_older(name, limit)]


def discard_untouched(digest: str, limit: datetime) -> int:
    """Delete what was last stored before `limit`, as `discard` does; leave what is newer."""
    return discard(digest) if _is_older(_name(digest), limit) else 0


def discard_drafts(limit: datetime) -> int:
    """Delete what writers that were killed before `limit` left unfinished; return how many."""
    storage = _storage()
    drafts = [
        f"{folder}/{name}"
        for folder in _folders()
        for name in storage.listdir(folder)[1]
        if name.startswith(".")
    ]
    old = [name for name in drafts if _is_older(name, limit)]
    for name in old:
        storage.delete(name)
    return len(old)


def _folders() -> list[str]:
    storage = _storage()
    if not storage.exists(""):
        return []
    return [name for name in storage.listdir("")[0] if FOLDER.fullmatch(name)]


def _is_older(name: str, limit: datetime) -> bool:
    try:
        return _storage().get_modified_time(name) < limit
    except FileNotFoundError:  # somebody else has deleted it meanwhile
        return False


def _digest_of(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return _digest(iter([content]))
    with content.open("rb") as stream:
        return _digest(iter(lambda: stream.read(CHUNK), b""))


def _digest(chunks: Iterator[bytes]) -> str:
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
