"""The files of a folder that can be documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forecastlab.knowledge.domain import kinds
from forecastlab.lib.errors import BadInput

CHUNK = 1 << 20
MOST_FILES = 5_000


class FolderUnusable(BadInput):
    """There is nothing to index."""

    code = "folder_unusable"


def below(path: Path) -> list[tuple[str, Path]]:
    """Return name and file of what can be read at or below `path`, in the order of the names.

    Names begin with that of the folder; hidden files, links and other kinds are left out. Raises
    FolderUnusable.
    """
    if path.is_file():
        return [(path.name, path)]
    if not path.is_dir():
        raise FolderUnusable(f"There is no file or folder '{path}'.", field="path")
    root = path.resolve()
    found = [one for one in sorted(root.rglob("*")) if _fits(one, root)]
    if not found:
        raise FolderUnusable(f"'{path}' holds no documents.", hint=kinds.WANTED, field="path")
    if len(found) > MOST_FILES:
        detail = f"'{path}' holds {len(found):,} documents, more than {MOST_FILES:,}."
        raise FolderUnusable(detail, hint="Index its folders one by one.", field="path")
    return [(one.relative_to(root.parent).as_posix(), one) for one in found]


def folder_of(path: Path) -> str:
    """Return what the files `below` a path are found in, as it is called here; empty for a file."""
    return str(path.resolve()) if path.is_dir() else ""


def is_folder(path: str) -> bool:
    return Path(path).is_dir()


def chunks_of(file: Path) -> Iterator[bytes]:
    """Yield the bytes of a file; raise FolderUnusable when it may not be read."""
    try:
        with file.open("rb") as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")
    except OSError as error:
        raise FolderUnusable(f"'{file}' cannot be read: {error.strerror}.", field="path") from error


def _fits(file: Path, root: Path) -> bool:
    inside = file.relative_to(root).parts
    return (
        file.suffix.lower() in kinds.KINDS
        and not any(part.startswith(".") for part in inside)
        and not file.is_symlink()
        and file.is_file()
    )
