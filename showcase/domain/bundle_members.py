"""The files of a bundle that was looked over: read in pieces, each checked to its last byte."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from forecastlab.lib.errors import BadInput

PIECE = 1 << 18


class NotABundle(BadInput):
    """This is not a zip file."""

    code = "not_a_zip"


class BundleRefused(BadInput):
    """The bundle is damaged or not what it says; each reason has a code of its own."""

    code = "bundle_refused"

    def __init__(self, code: str, detail: str, *, entry: str = "") -> None:
        self.code = code  # type: ignore[misc]
        self.entry = entry
        super().__init__(detail, field="file")


@dataclass(frozen=True, slots=True)
class Member:
    """Where the packed bytes of a file lie, and what they unpack to; sizes in bytes."""

    begins: int
    packed: int
    size: int
    crc: int
    is_deflated: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of a bundle, by their path below its one folder, in the order they lie in."""

    stream: IO[bytes]
    workspace: str
    files: dict[str, Member]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files.values())

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield a file in pieces; raises BundleRefused once something is wrong with it."""
        member, size, crc = self.files[path], 0, 0
        for piece in (
            _inflated(self.stream, member, path) if member.is_deflated else self._raw(path)
        ):
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if size > member.size:
                break
            yield piece
        if (size, crc) != (member.size, member.crc):
            raise damaged(path)

    def read(self, path: str, *, most: int) -> bytes:
        """Return a whole file; raises BundleRefused where it is missing, too large or damaged."""
        member = self.files.get(path)
        if member is None:
            raise BundleRefused("file_missing", f"The file {said(path)} is missing.", entry=path)
        if member.size > most:
            message = f"{path} has {member.size:,} bytes; at most {most:,} are read."
            raise BundleRefused("file_too_large", message, entry=path)
        return b"".join(self.pieces(path))

    def _raw(self, path: str) -> Iterator[bytes]:
        return _packed(self.stream, self.files[path])


def said(entry: str) -> str:
    """Return a name from elsewhere so that it can be printed."""
    text = entry if entry.isprintable() else entry.encode("unicode_escape").decode()
    return f"'{text}'" if len(text) <= 120 else f"'{text[:120]}…'"


def damaged(path: str) -> BundleRefused:
    return BundleRefused("file_changed", f"The file {said(path)} is damaged.", entry=path)


def _packed(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    for place in range(0, member.packed, PIECE):
        stream.seek(member.begins + place)
        yield stream.read(min(PIECE, member.packed - place))


def _inflated(stream: IO[bytes], member: Member, path: str) -> Iterator[bytes]:
    """Unpack with bounded memory; nothing may lie behind the end of what is packed."""
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _packed(stream, member):
            left = packed
            while left and not unpacking.eof:
                yield unpacking.decompress(left, PIECE)
                left = unpacking.unconsumed_tail
        yield unpacking.flush()
    except zlib.error as error:
        raise damaged(path) from error
    if not unpacking.eof or unpacking.unused_data:
        raise damaged(path)
