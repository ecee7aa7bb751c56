"""Files on their way in: received, looked at, discarded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core import signing

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.lib import sweeps
from forecastlab.warehouse.domain import mapping as mappings
from forecastlab.warehouse.domain.formats import FileUnusable
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.gateways import files, texts, workplace
from forecastlab.warehouse.gateways.files import Source
from forecastlab.warehouse.gateways.workplace import UploadGone as UploadGone
from forecastlab.warehouse.gateways.workplace import Workplace as Workplace

CHUNK = 1 << 20
SALT = "warehouse.upload"
LOCK = "uploads.sweep"


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file that is a table."""

    place: Workplace
    source: Source

    @property
    def file_name(self) -> str:
        return self.source.name


def receive(chunks: Iterable[bytes], *, file_name: str, encoding: str = "") -> Upload:
    """Keep a file; leave nothing and raise FileUnusable when it is no table with rows.

    Raises NoRoom when the disk is full, and leaves nothing then either.
    """
    place = receive_any(chunks)
    try:
        return Upload(place, files.open_source(place.source, file_name, encoding))
    except BaseException:
        place.discard()
        raise


def receive_any(chunks: Iterable[bytes]) -> Workplace:
    """Keep a file of whatever kind; raises NoRoom when the disk is full, and leaves nothing."""
    try:
        return workplace.receive(chunks)
    except OSError as error:
        raise texts.no_room(error) or error from error


def place_of(token: str) -> Workplace:
    """Return the folder of a received file; raises UploadGone when it has been swept."""
    place = workplace.existing(token)
    if not place.source.exists():
        raise UploadGone(field="file")
    return place


def discard(token: str) -> None:
    """Delete a received file and all beside it; repeating it is free."""
    if workplace.TOKEN.fullmatch(token):
        Workplace(token).discard()


def receive_path(path: Path, *, encoding: str = "") -> Upload:
    """Copy a file of this machine; raise FileUnusable when it cannot be read."""
    return receive(chunks_of(path), file_name=path.name, encoding=encoding)


def chunks_of(path: Path, *, field: str = "file") -> Iterator[bytes]:
    """Yield the bytes of a file of this machine; raise FileUnusable when it cannot be read."""
    try:
        if path.is_dir():
            raise FileUnusable(f"'{path}' is a folder.", field=field)
        with path.open("rb") as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")
    except FileNotFoundError as error:
        raise FileUnusable(f"There is no file '{path}'.", field=field) from error
    except PermissionError as error:
        raise FileUnusable(f"'{path}' may not be read by this user.", field=field) from error


def again(token: str, file_name: str, *, encoding: str = "") -> Upload:
    """Open a received file once more; raise UploadGone when it has been swept."""
    place = place_of(token)
    return Upload(place, files.open_source(place.source, file_name, encoding))


def ticket(upload: Upload, *, by: User) -> str:
    """Return what lets this person, and nobody else, come back to the upload."""
    content = {"token": upload.place.token, "name": upload.file_name, "user": by.pk}
    return signing.dumps(content, salt=SALT, compress=True)


def redeem(text: str, *, by: User, encoding: str = "") -> Upload:
    """Return the upload of a ticket; raise UploadGone for a stranger's, a forged or an old one."""
    try:
        content: dict[str, Any] = signing.loads(text, salt=SALT, max_age=workplace.DAY)
    except signing.BadSignature as error:
        raise UploadGone(field="file") from error
    if content["user"] != by.pk:
        raise UploadGone(field="file")
    return again(content["token"], content["name"], encoding=encoding)


def mapped(
    upload: Upload, *, placed: Iterable[str], signals: Iterable[str], guess: bool = True
) -> Mapping:
    """Return which column plays which role; raise MappingUnusable."""
    return mappings.resolve(
        upload.source.headings,
        [mappings.parse_placed(one) for one in placed],
        [mappings.parse_signal(one) for one in signals],
        guessing=guess,
    )


def sweep() -> int:
    """Delete what crashed uploads, and jobs that are over, have left behind for a day."""
    with sweeps.alone(LOCK) as first:
        if not first:
            return 0
        unfinished = Job.objects.unfinished().filter(params__has_key="upload")
        kept = unfinished.values_list("params__upload", flat=True)
        stale = workplace.left_behind(kept)
        for place in stale:
            place.discard()
    return len(stale)
