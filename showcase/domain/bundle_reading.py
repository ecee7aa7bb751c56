"""Zips from elsewhere: looked over before anything of them is read out or written.

A zip tells of its files twice, in a directory at its end and before each file, and readers differ
in what they believe. So both must agree, files must lie one behind the other from the first byte
to the directory, and nothing else may be in between, before or behind.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from os import SEEK_END
from stat import S_IFMT, S_IFREG, S_ISLNK
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from showcase.domain import bundles
from showcase.domain.bundle_members import BundleRefused, Layout, Member, NotABundle, said

MOST_ENTRIES = 2_000
LONGEST_NAME = 300
LARGEST_FILE = 2**31 - 1
LARGEST_SUM = 2**32 - 1
# Numbers repeat themselves in text, so much is let through where it is little.
MOST_RATIO, RATIO_FROM = 200, 1 << 20

_END = struct.Struct("<4s4H2LH")
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END_MARK, _LOCAL_MARK, _CENTRAL_MARK = b"PK\5\6", b"PK\3\4", b"PK\1\2"
_ENCRYPTED, _UTF8 = 0x2041, 0x800
_ELSEWHERE = 0xFFFFFFFF
# The moment of every member as time and date of DOS.
_MOMENT = (0, 0x21)
_ZIP_VERSION = 20
_DOS_FOLDER = 0x10
_FOLDER = re.compile(rf"{bundles.ROOT}/([a-z0-9][a-z0-9_-]{{0,99}})/(.+)", re.DOTALL)
# What Python says of zips that it cannot make sense of.
UNREADABLE = (BadZipFile, UnicodeDecodeError, NotImplementedError, struct.error, OverflowError)


def opened(stream: IO[bytes]) -> Layout:
    """Open a zip of which nothing was read yet.

    Raises NotABundle for what never was one, and BundleRefused, which names the entry.
    """
    count, begins, length = _end(stream)
    try:
        entries = ZipFile(stream).infolist()
    except (*UNREADABLE, ValueError) as error:
        raise BundleRefused(
            "bundle_directory", "The directory at the end of the zip cannot be read."
        ) from error
    if len(entries) != count:
        raise BundleRefused(
            "bundle_directory",
            f"The zip says that it holds {count} entries, and lists {len(entries)}.",
        )
    for entry in entries:
        _check_entry(entry)
    _check_sum(entries)
    _check_names([one.orig_filename for one in entries])
    _check_spelling(stream, entries, begins, length)
    _check_places(stream, entries, begins)
    return _layout(stream, entries)


# -- the zip as a whole --------------------------------------------------------------------------


def _end(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return how many entries the zip tells of, where its directory begins, and its length."""
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    head = stream.read(4)
    stream.seek(max(0, size - _END.size))
    tail = stream.read()
    if len(tail) < _END.size or not tail.startswith(_END_MARK):
        if head != _LOCAL_MARK:
            raise NotABundle(field="file")
        raise BundleRefused(
            "bundle_truncated", "The zip is cut off, or something was put behind its end."
        )
    _, disk, first_disk, here, count, length, begins, comment = _END.unpack(tail)
    if begins == _ELSEWHERE or count > MOST_ENTRIES:
        raise BundleRefused(
            "bundle_too_many" if begins != _ELSEWHERE else "bundle_too_large",
            f"The zip holds more than {MOST_ENTRIES:,} entries, or more than 4 GB.",
        )
    fits = here == count and begins + length + _END.size == size
    if disk or first_disk or comment or not fits:
        raise BundleRefused(
            "bundle_directory",
            "The zip's end and its directory do not fit together: something was cut out or put in.",
        )
    return count, begins, length


def _check_sum(entries: Iterable[ZipInfo]) -> None:
    total = sum(one.file_size for one in entries)
    if total > LARGEST_SUM:
        raise BundleRefused(
            "bundle_too_large",
            f"Its files have {total:,} bytes together; at most {LARGEST_SUM:,} are read.",
        )


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that are one name on some machine, and files that are folders as well."""
    rules: Sequence[tuple[str, Callable[[str], str], str]] = (
        ("entry_twice", str, "is in the zip twice"),
        ("entry_unicode_clash", _composed, "is spelled in two ways that look the same"),
        ("entry_case_clash", _folded, "is there in upper and lower case"),
    )
    for code, spelled, what in rules:
        seen: set[str] = set()
        for name in names:
            if spelled(name) in seen:
                raise BundleRefused(code, f"The entry {said(name)} {what}.", entry=name)
            seen.add(spelled(name))
    files = {_folded(name) for name in names}
    for name in names:
        parts = _folded(name).split("/")
        if any("/".join(parts[:length]) in files for length in range(1, len(parts))):
            raise BundleRefused(
                "entry_inside_file", f"The entry {said(name)} lies in a file.", entry=name
            )


def _composed(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def _folded(name: str) -> str:
    return _composed(name).casefold()


def _check_spelling(
    stream: IO[bytes], entries: Iterable[ZipInfo], begins: int, length: int
) -> None:
    """Refuse a directory that is not written as an export writes it, byte by byte."""
    stream.seek(begins)
    directory = stream.read(length)
    place = 0
    for entry in entries:
        record = _record(entry)
        name = entry.orig_filename
        if directory[place : place + len(record)] != record:
            message = f"The entry {said(name)} was not packed by an export, or was altered since."
            raise BundleRefused("entry_foreign", message, entry=name)
        place += len(record)


def _record(entry: ZipInfo) -> bytes:
    name = _raw_name(entry)
    told = _CENTRAL.pack(
        _CENTRAL_MARK,
        *(_ZIP_VERSION, bundles.UNIX, _ZIP_VERSION, 0),
        entry.flag_bits & _UTF8,
        entry.compress_type,
        *_MOMENT,
        entry.CRC,
        entry.compress_size,
        entry.file_size,
        len(name),
        *(0, 0, 0, 0),
        bundles.MODE << 16,
        entry.header_offset,
    )
    return told + name


def _check_places(stream: IO[bytes], entries: Iterable[ZipInfo], begins: int) -> None:
    """Refuse entries that share bytes, and bytes that belong to none."""
    ends, before = 0, "the zip's beginning"
    for entry in sorted(entries, key=lambda one: one.header_offset):
        name = entry.orig_filename
        _check_place(entry.header_offset, ends, said(name), before, name)
        ends, before = _local_end(stream, entry), said(name)
    _check_place(begins, ends, "the zip's directory", before, "")


def _check_place(begins: int, ends: int, this: str, before: str, entry: str) -> None:
    if begins < ends:
        message = f"In the zip {this} shares bytes with {before}."
        raise BundleRefused("entry_overlaps", message, entry=entry)
    if begins > ends:
        message = f"Between {before} and {this} are bytes of no entry."
        raise BundleRefused("bundle_stray_bytes", message, entry=entry)


def _local_end(stream: IO[bytes], entry: ZipInfo) -> int:
    """Return where the bytes of an entry end; what stands before them must tell the same."""
    name = _raw_name(entry)
    told = _LOCAL.pack(
        _LOCAL_MARK,
        entry.extract_version,
        entry.flag_bits,
        entry.compress_type,
        *_MOMENT,
        entry.CRC,
        entry.compress_size,
        entry.file_size,
        len(name),
        0,
    )
    stream.seek(entry.header_offset)
    if stream.read(_LOCAL.size + len(name)) != told + name:
        raise _differs(entry)
    return _data_begins(entry) + entry.compress_size


def _raw_name(entry: ZipInfo) -> bytes:
    """Return the name as the zip spells it."""
    encoding = "utf-8" if entry.flag_bits & _UTF8 else "cp437"
    return entry.orig_filename.encode(encoding, "replace")


def _data_begins(entry: ZipInfo) -> int:
    return entry.header_offset + _LOCAL.size + len(_raw_name(entry))


def _differs(entry: ZipInfo) -> BundleRefused:
    name = entry.orig_filename
    return BundleRefused(
        "entry_told_twice", f"The zip says different things of {said(name)}.", entry=name
    )


# -- one entry -----------------------------------------------------------------------------------


def _check_entry(entry: ZipInfo) -> None:
    name = entry.orig_filename
    wrong = [(code, what) for code, is_wrong, what in _NAMES if is_wrong(name)]
    wrong += [(code, what) for code, is_wrong, what in _KINDS if is_wrong(entry)]
    for code, what in wrong[:1]:
        raise BundleRefused(code, f"The entry {said(name)} {what}.", entry=name)


def _kind(entry: ZipInfo) -> int:
    return S_IFMT(entry.external_attr >> 16)


def _is_bomb(entry: ZipInfo) -> bool:
    return entry.file_size > max(RATIO_FROM, MOST_RATIO * entry.compress_size)


_NAMES: Sequence[tuple[str, Callable[[str], bool], str]] = (
    ("entry_nul", lambda name: "\0" in name, "has a NUL character in its name"),
    (
        "entry_control",
        lambda name: any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in name),
        "has a control character in its name",
    ),
    ("entry_backslash", lambda name: "\\" in name, "has a backslash in its name"),
    ("entry_absolute", lambda name: name.startswith("/"), "has an absolute path"),
    (
        "entry_drive",
        lambda name: re.match("[A-Za-z]:", name) is not None,
        "names a drive",
    ),
    (
        "entry_traversal",
        lambda name: ".." in name.split("/"),
        "leads out of its folder by '..'",
    ),
    ("entry_folder", lambda name: name.endswith("/"), "is a folder: a bundle lists files only"),
    (
        "entry_path",
        lambda name: not {"", "."}.isdisjoint(name.split("/")),
        "has an empty part or '.' in its path",
    ),
    (
        "entry_name_long",
        lambda name: len(name.encode(errors="replace")) > LONGEST_NAME,
        f"has a name of more than {LONGEST_NAME} bytes",
    ),
)
_KINDS: Sequence[tuple[str, Callable[[ZipInfo], bool], str]] = (
    ("entry_symlink", lambda entry: S_ISLNK(_kind(entry)), "is a symbolic link"),
    (
        "entry_special",
        lambda entry: _kind(entry) not in (0, S_IFREG) or bool(entry.external_attr & _DOS_FOLDER),
        "is no ordinary file",
    ),
    ("entry_encrypted", lambda entry: bool(entry.flag_bits & _ENCRYPTED), "is encrypted"),
    (
        "entry_compression",
        lambda entry: entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED),
        "is compressed in a way that is not read here",
    ),
    (
        "entry_too_large",
        lambda entry: entry.file_size > LARGEST_FILE,
        f"has more than {LARGEST_FILE:,} bytes",
    ),
    ("entry_bomb", _is_bomb, f"unpacks to more than {MOST_RATIO} times its size"),
)


def _layout(stream: IO[bytes], entries: Sequence[ZipInfo]) -> Layout:
    workspace = ""
    files: dict[str, Member] = {}
    for entry in entries:
        name = entry.orig_filename
        found = _FOLDER.fullmatch(name)
        if found is None:
            raise BundleRefused(
                "bundle_layout",
                f"The entry {said(name)} is not below '{bundles.ROOT}/<workspace>/'.",
                entry=name,
            )
        if workspace and found[1] != workspace:
            raise BundleRefused(
                "bundle_folders",
                f"The entry {said(name)} lies in another folder than '{workspace}': a bundle "
                "has one.",
                entry=name,
            )
        workspace = found[1]
        files[found[2]] = _member(entry)
    if not files:
        raise BundleRefused("bundle_empty", "The zip is empty.")
    return Layout(stream, workspace, files)


def _member(entry: ZipInfo) -> Member:
    return Member(
        begins=_data_begins(entry),
        packed=entry.compress_size,
        size=entry.file_size,
        crc=entry.CRC,
        is_deflated=entry.compress_type == ZIP_DEFLATED,
    )
