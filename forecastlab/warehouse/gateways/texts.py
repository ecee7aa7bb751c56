"""Bytes of any packing and encoding become one file of plain UTF-8, or of Parquet, once."""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forecastlab.lib.errors import Unavailable
from forecastlab.warehouse.domain import formats
from forecastlab.warehouse.domain.formats import GZIP, PARQUET, FileUnusable

CHUNK = 1 << 20
HEAD = 1 << 16
# What a packed file may unpack to: sales shrink to a tenth, seldom to a fiftieth.
MOST_RATIO, ALWAYS_UNPACKED, MOST_UNPACKED = 200, 64 << 20, 32 << 30
ASSUMED = "windows-1252"


class NoRoom(Unavailable):
    """There is no room left on the disk for this file."""

    code = "no_room"


@dataclass(frozen=True, slots=True)
class Plain:
    """A file without packing: Parquet, or text in UTF-8.

    `encoding` is what the text was written in, "" for Parquet; where it was only assumed,
    `assumed_from` is the first line that is not UTF-8. `spans` says that a quoted value goes over
    several lines, so that rows have to be counted instead of lines.
    """

    path: Path
    encoding: str = ""
    assumed_from: int = 0
    spans: bool = False

    @property
    def is_parquet(self) -> bool:
        return not self.encoding


@dataclass(slots=True)
class _Quotes:
    """Watches for line ends inside quotation marks."""

    inside: int = 0
    spans: bool = False

    def feed(self, text: bytes) -> None:
        if not self.inside and b'"' not in text:
            return
        marks = np.frombuffer(text, np.uint8)
        inside = (np.cumsum(marks == ord('"')) + self.inside) & 1
        self.spans = self.spans or bool(((marks == ord("\n")) & (inside == 1)).any())
        self.inside = int(inside[-1]) if len(inside) else self.inside


class _Undecodable(Exception):
    """A line of the text has bytes that its encoding does not know."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def no_room(error: Exception) -> NoRoom | None:
    """Return what to raise when the disk is full, None for any other error."""
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if not full and "No space left" not in str(error):
        return None
    return NoRoom("There is no room left on the disk of the server. Nothing was stored.")


def unpacked(path: Path, name: str) -> Path:
    """Return the path of what a gzipped file holds, unpacked once beside it; else the path.

    Raises FileUnusable when it is damaged or unpacks to more than a table would.
    """
    with path.open("rb") as stream:
        if stream.read(2) != GZIP:
            return path
    plain = path.with_name(f"{path.name}.unpacked")
    if plain.exists():
        return plain
    draft = plain.with_suffix(".draft")
    try:
        _unpack(path, draft, name)
    except (OSError, EOFError, zlib.error) as error:
        raise no_room(error) or FileUnusable(
            f"'{name}' is damaged: {str(error)[:200]}.", hint="Pack it again.", field="file"
        ) from error
    return draft.replace(plain)


def _unpack(path: Path, draft: Path, name: str) -> None:
    room = min(max(path.stat().st_size * MOST_RATIO, ALWAYS_UNPACKED), MOST_UNPACKED)
    with gzip.open(path, "rb") as packed, draft.open("wb") as stream:
        while chunk := packed.read(CHUNK):
            room -= len(chunk)
            if room < 0:
                raise FileUnusable(
                    f"'{name}' unpacks to more than {MOST_RATIO} times its size, or than "
                    f"{MOST_UNPACKED >> 30} GB.",
                    hint="Unpack it yourself and give the plain file.",
                    field="file",
                )
            stream.write(chunk)


def plain(path: Path, name: str, encoding: str = "") -> Plain:
    """Return the file as UTF-8 or Parquet; another encoding is translated once beside it.

    A mark at the beginning decides, then `encoding`, then the guess: UTF-8, else Windows-1252.
    Raises FileUnusable with the first line that its encoding does not know.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if head.startswith(PARQUET):
        return Plain(path)
    formats.refuse_foreign(head, name)
    wanted = formats.marked(head) or formats.check_encoding(encoding)
    try:
        if wanted:
            return _in_utf8(path, wanted)
        return _guessed(path, name)
    except _Undecodable as error:
        raise FileUnusable(
            f"Line {error.line:,} of '{name}' is not {formats.label(wanted)}.",
            hint="Save the file as UTF-8, or say its encoding (--encoding).",
            field="encoding",
        ) from error


def _guessed(path: Path, name: str) -> Plain:
    try:
        return _in_utf8(path, "utf-8")
    except _Undecodable as error:
        first = error.line
    try:
        return replace(_in_utf8(path, ASSUMED), assumed_from=first)
    except _Undecodable as error:
        raise FileUnusable(
            f"Line {first:,} of '{name}' is not UTF-8, and line {error.line:,} is not "
            f"{formats.label(ASSUMED)} either.",
            hint="Say its encoding (--encoding).",
            field="encoding",
        ) from error


def _in_utf8(path: Path, encoding: str) -> Plain:
    """Return the file when it is UTF-8, else a translation beside it; raise _Undecodable."""
    if encoding == "utf-8":
        return Plain(path, encoding, spans=_decode(path, encoding, None))
    target = path.with_name(f"{path.name}.{encoding}")
    draft = target.with_suffix(".draft")
    try:
        spans = _decode(path, encoding, draft)
    except OSError as error:
        raise no_room(error) or error from error
    return Plain(draft.replace(target), encoding, spans=spans)


def _decode(path: Path, encoding: str, draft: Path | None) -> bool:
    """Read every byte; write it in UTF-8 without a mark to `draft`, if there is one.

    Returns whether a quoted value spans lines.
    """
    decoder, quotes = codecs.getincrementaldecoder(encoding)(), _Quotes()
    lines, begun = 1, False
    target = draft.open("w", encoding="utf-8", newline="") if draft else None
    try:
        with path.open("rb") as stream:
            while True:
                chunk = stream.read(CHUNK)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    before = bytes(error.object[: error.start]).count(b"\n")
                    raise _Undecodable(lines + before) from error
                except UnicodeError as error:  # UTF-16 without the mark that says which
                    raise _Undecodable(lines) from error
                if target:
                    target.write(text if begun else text.removeprefix("\ufeff"))
                quotes.feed(text.encode() if draft else chunk)
                begun = begun or bool(text)
                lines += text.count("\n")
                if not chunk:
                    return quotes.spans
    finally:
        if target:
            target.close()


def first_fault(path: Path, *, delimiter: str, above: int, columns: int) -> str:
    """Return which line of a text does not fit its header, "" when none is found.

    Slow: it is asked only when the fast reader has already refused the file.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for _ in range(above):
            next(stream)
        rows = csv.reader(stream, delimiter=delimiter, strict=True)
        line = 1
        try:
            for row in rows:
                if len(row) > columns:
                    return (
                        f"Line {line + above:,} has {len(row):,} values and the header "
                        f"{columns:,} columns."
                    )
                line = rows.line_num + 1
        except csv.Error:
            return f"Line {line + above:,} has a quotation mark that is not closed or not doubled."
    return _first_odd_quote(path)


def _first_odd_quote(path: Path) -> str:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, start=1):
            if line.count('"') % 2:
                return f"Line {number:,} has a single quotation mark; double it or take it out."
    return ""
