"""Further files of one import: the held-back values, and tables of stores, products and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from forecastlab.warehouse.domain.formats import FileUnusable
from forecastlab.warehouse.domain.options import Options
from forecastlab.warehouse.gateways import files, texts
from forecastlab.warehouse.gateways.files import Source
from forecastlab.warehouse.gateways.workplace import UploadGone, Workplace
from forecastlab.warehouse.services.uploads import Upload, chunks_of, receive

ROLES = ("test", "stores", "products", "calendar")
# Its name, and its bytes.
Given = tuple[str, Iterable[bytes]]


def keep(upload: Upload, given: Mapping[str, Given], options: Options) -> Options:
    """Keep files beside the upload and return the options that name them.

    Raises FileUnusable, with the role as its field, for what is no table with rows; NoRoom.
    """
    for role, (name, chunks) in given.items():
        path = _path(upload.place, role)
        try:
            with path.open("wb") as stream:
                stream.writelines(chunks)
            files.open_source(path, name, options.encoding)
        except FileUnusable as error:
            error.field = role
            raise
        except OSError as error:
            raise texts.no_room(error) or error from error
    names: dict[str, Any] = {role: name for role, (name, _chunks) in given.items()}
    return replace(options, **names)


def receive_all(
    file: Given, further: Mapping[str, Given], options: Options
) -> tuple[Upload, Options]:
    """Keep a file and those that go with it; leave nothing when one of them cannot be used."""
    name, chunks = file
    upload = receive(chunks, file_name=name, encoding=options.encoding)
    try:
        return upload, keep(upload, further, options)
    except BaseException:
        upload.place.discard()
        raise


def of_paths(paths: Mapping[str, Path | None]) -> dict[str, Given]:
    """Return the files of this machine that were named, read when they are kept."""
    return {role: (path.name, chunks_of(path, field=role)) for role, path in paths.items() if path}


def opened(place: Workplace, role: str, options: Options) -> Source:
    """Open a kept file once more; raise UploadGone when it is not there."""
    path = _path(place, role)
    if not path.exists():
        raise UploadGone(field=role)
    return files.open_source(path, getattr(options, role), options.encoding)


def _path(place: Workplace, role: str) -> Path:
    return place.folder / f"beside-{role}"
