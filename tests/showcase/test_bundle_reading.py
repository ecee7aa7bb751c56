"""Bundles that somebody has tampered with are refused, each for its own reason."""

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Callable
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from showcase.domain import bundle_reading, bundle_stories, bundle_verdicts, bundles
from showcase.domain.bundle_members import BundleRefused, NotABundle
from showcase.domain.bundle_reading import MOST_ENTRIES
from tests.showcase import made_bundles
from tests.showcase.made_bundles import NAME, files, flipped, manifest, packed, signed, with_entry

FOLDER = bundles.folder(NAME)
WHOLE = packed(files())


def _without(path: str) -> bytes:
    return packed({name: one for name, one in files().items() if name != path})


def _with(path: str, content: bytes) -> bytes:
    """Return a bundle whose file was replaced, with sums and signature that fit it."""
    return packed(signed({**files(), path: content}))


def _told(**changes: object) -> bytes:
    return packed(files(told=changes))


def _twice(archive: ZipFile) -> None:
    info = bundles.member(NAME, bundles.CONFIG, 1)
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(info, b"x")


def _many(archive: ZipFile) -> None:
    for number in range(MOST_ENTRIES):
        archive.writestr(bundles.member(NAME, f"models/{number}", 1), b"x")


def _overlapping() -> bytes:
    """Let the second entry of the directory point at the first one's bytes."""
    with ZipFile(io.BytesIO(WHOLE)) as archive:
        second = sorted(archive.infolist(), key=lambda one: one.header_offset)[1]
        begins = archive.start_dir
    name = second.filename.encode()
    place = WHOLE.index(name, begins) - 4
    return WHOLE[:place] + b"\0\0\0\0" + WHOLE[place + 4 :]


def _nested() -> bytes:
    """Return a bundle in which an entry lies within another one's bytes."""
    inner = packed({"x": b"y" * 40})
    with ZipFile(io.BytesIO(inner)) as archive:
        info = archive.infolist()[0]
    outer = io.BytesIO()
    with ZipFile(outer, "w") as archive:
        first = bundles.member(NAME, "outer", 0)
        first.compress_type = made_bundles.STORED
        archive.writestr(first, inner)
        info.header_offset = 30 + len(first.filename)
        archive.filelist.append(info)
    return outer.getvalue()


def _new_format() -> bytes:
    return _told(bundle_format_version=2)


def _new_schema() -> bytes:
    return _told(workspace={"name": NAME, "config_schema_version": 99})


def _local_only() -> bytes:
    """Return a bundle that tells another name before the file than in the directory."""
    name = f"{FOLDER}/{bundles.CONFIG}".encode()
    return made_bundles.replaced(WHOLE, name, name.replace(b"config", b"c0nfig"), times=1)


SPECIAL = {"external_attr": (stat.S_IFIFO | 0o644) << 16}
LINK = {"external_attr": (stat.S_IFLNK | 0o777) << 16}
BOMB = b"\0" * (8 << 20)
MALICIOUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "entry_traversal": (lambda: with_entry(f"{FOLDER}/../../../etc/cron.d/x"), "etc/cron.d/x"),
    "entry_absolute": (lambda: with_entry("/etc/passwd"), "/etc/passwd"),
    "entry_drive": (lambda: with_entry("C:/windows/x"), "C:/windows/x"),
    "entry_backslash": (lambda: with_entry(f"{FOLDER}\\..\\x"), "backslash"),
    "entry_symlink": (lambda: with_entry(f"{FOLDER}/link", b"/etc/passwd", **LINK), "link"),
    "entry_special": (lambda: with_entry(f"{FOLDER}/pipe", **SPECIAL), "pipe"),
    "entry_folder": (lambda: with_entry(f"{FOLDER}/models/", b""), "models/"),
    "entry_path": (lambda: with_entry(f"{FOLDER}//x"), "empty part"),
    "entry_twice": (lambda: packed(files(), _twice), bundles.CONFIG),
    "entry_case_clash": (lambda: with_entry(f"{FOLDER}/Manifest.JSON"), "Manifest.JSON"),
    "entry_unicode_clash": (
        lambda: packed({**files(), "caf\u00e9": b"x", "cafe\u0301": b"y"}),
        "caf",
    ),
    "entry_inside_file": (lambda: with_entry(f"{FOLDER}/config.json/x"), "config.json/x"),
    "entry_nul": (
        lambda: made_bundles.replaced(with_entry(f"{FOLDER}/a?b"), b"/a?b", b"/a\0b"),
        "a\\x00b",
    ),
    "entry_control": (lambda: with_entry(f"{FOLDER}/a\x1b[2Jb"), "a\\x1b[2Jb"),
    "entry_name_long": (lambda: with_entry(f"{FOLDER}/{'n' * 400}"), "300 bytes"),
    "bundle_too_many": (lambda: packed(files(), _many), "2,000"),
    "entry_bomb": (lambda: with_entry(f"{FOLDER}/bomb", BOMB, compress_type=ZIP_DEFLATED), "bomb"),
    "entry_too_large": (
        lambda: _sized(2**31),
        "more than 2,147,483,647 bytes",
    ),
    "entry_overlaps": (_overlapping, "shares bytes"),
    "entry_encrypted": (lambda: _flagged(0x1), "encrypted"),
    "entry_compression": (lambda: with_entry(f"{FOLDER}/x", compress_type=12), "compressed"),
    "entry_foreign": (
        lambda: with_entry(f"{FOLDER}/x", date_time=(2026, 1, 1, 0, 0, 0)),
        "/x'",
    ),
    "entry_told_twice": (_local_only, bundles.CONFIG),
    "bundle_stray_bytes": (lambda: _padded(), "bytes of no entry"),
    "bundle_truncated": (lambda: WHOLE[: len(WHOLE) // 2], "cut off"),
    "bundle_directory": (lambda: b"#!/bin/sh\n" + WHOLE, "do not fit together"),
    "bundle_folders": (lambda: with_entry(f"{bundles.folder('other')}/x"), "another folder"),
    "bundle_layout": (lambda: with_entry("x"), "'x'"),
    "bundle_empty": (lambda: packed({}), "empty"),
    "file_missing": (lambda: _without(bundles.STEPS), bundles.STEPS),
    "file_changed": (lambda: flipped(WHOLE, bundles.REPORT), bundles.REPORT),
    "file_extra": (lambda: with_entry(f"{FOLDER}/more.txt"), "more.txt"),
    "checksums_unreadable": (
        lambda: packed({**files(), bundles.CHECKSUMS: b"no sums\n"}),
        "Line 1",
    ),
    "signature_wrong": (
        lambda: packed({**files(), bundles.SIGNATURE: b"\1" * 64}),
        "does not fit",
    ),
    "json_invalid": (lambda: _with(bundles.MANIFEST, b"{"), bundles.MANIFEST),
    "json_depth": (lambda: _with(bundles.MANIFEST, made_bundles.deep(100_000)), "levels"),
    "json_values": (lambda: _with(bundles.MANIFEST, _numbers(1_000_002)), "1,000,000"),
    "json_text": (lambda: _told(note="\0"), "NUL"),
    "json_encoding": (lambda: _with(bundles.MANIFEST, b"\xff\xfe"), "UTF-8"),
    "manifest_types": (lambda: _with(bundles.MANIFEST, b"[]"), "not an object"),
    "manifest_workspace": (
        lambda: _told(workspace={"name": "x", "config_schema_version": 2}),
        FOLDER.rpartition("/")[2],
    ),
    "manifest_files": (lambda: _told(files=[]), "lists it"),
    "bundle_newer": (_new_format, "format 2"),
    "workspace_newer": (_new_schema, "schema 99"),
    "file_too_large": (
        lambda: _with(bundles.MANIFEST, made_bundles.noise(9 << 20)),
        "are read",
    ),
}


def _numbers(count: int) -> bytes:
    digits = (b"%d" % (one % 10) for one in made_bundles.noise(count))
    return b"[" + b",".join(digits) + b"]"


def _sized(size: int) -> bytes:
    """Return a bundle whose directory says that a file has so many bytes."""
    with ZipFile(io.BytesIO(WHOLE)) as archive:
        begins = archive.start_dir
    place = WHOLE.index(b"PK\1\2", begins) + 24
    return WHOLE[:place] + size.to_bytes(4, "little") + WHOLE[place + 4 :]


def _flagged(flags: int) -> bytes:
    with ZipFile(io.BytesIO(WHOLE)) as archive:
        begins = archive.start_dir
    place = WHOLE.index(b"PK\1\2", begins) + 8
    return WHOLE[:place] + flags.to_bytes(2, "little") + WHOLE[place + 2 :]


def _padded() -> bytes:
    """Return a bundle with bytes between its last file and its directory."""
    with ZipFile(io.BytesIO(WHOLE)) as archive:
        begins = archive.start_dir
    end = WHOLE[-22:-6] + (begins + 5).to_bytes(4, "little") + WHOLE[-2:]
    return WHOLE[:begins] + b"extra" + WHOLE[begins:-22] + end


def _why(bundle: bytes) -> BundleRefused:
    verdict = bundle_verdicts.judge(io.BytesIO(bundle))
    with pytest.raises(BundleRefused) as refused:
        verdict.refuse()
    assert not verdict.valid
    return refused.value


def _streamed() -> bytes:
    """Return a bundle whose sizes and sums stand behind each file, not before it."""
    whole = io.BytesIO()

    class Pipe(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, content: Any) -> int:
            return whole.write(content)

    with ZipFile(cast("IO[bytes]", Pipe()), "w") as archive:
        for path, content in sorted(files().items()):
            archive.writestr(bundles.member(NAME, path, len(content)), content)
    return whole.getvalue()


def _in_64_bits() -> bytes:
    """Return a bundle with an end for zips of more than 4 GB before the usual one."""
    body, (count, length, begins) = WHOLE[:-22], struct.unpack("<HLL", WHOLE[-12:-2])
    told = (44, 45, 45, 0, 0, count, count, length, begins)
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *told)
    return body + end + struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1) + WHOLE[-22:]


def _signed_by_nobody() -> bytes:
    """Return a bundle under a key of small order, for which one signature fits everything."""
    made = files(told={"signing": {"public_key": "01" + "00" * 31}})
    return packed({**made, bundles.SIGNATURE: b"\1" + b"\0" * 63})


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_streamed, "entry_foreign"),
        (_in_64_bits, "bundle_directory"),
        (_signed_by_nobody, "signature_wrong"),
        (lambda: packed(signed(files(), private="22" * 32)), "signature_wrong"),
        (lambda: packed(signed({**files(), "more.zip": WHOLE})), "manifest_files"),
        (lambda: with_entry("//server/share/x"), "entry_absolute"),
        (lambda: with_entry(r"\\server\share\x"), "entry_backslash"),
        (lambda: with_entry(f"{FOLDER}/\ufeffconfig.json"), "entry_control"),
        (lambda: with_entry(f"{FOLDER}/aux.txt:x"), "file_extra"),
        (lambda: WHOLE + WHOLE, "bundle_directory"),
        (lambda: packed(files(metrics__json=b'{"a": NaN}')), "json_invalid"),
        (lambda: packed(files(metrics__json=b'{"a": 1e999}')), "json_invalid"),
    ],
)
def test_more_ways_to_mislead_a_reader_are_refused(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(BundleRefused) as refused:
        stream = io.BytesIO(make())
        bundle_verdicts.judge(stream).refuse()
        bundle_stories.of(bundle_reading.opened(stream), manifest(), key_id="")
    assert refused.value.code == code


def test_a_whole_bundle_is_valid() -> None:
    verdict = bundle_verdicts.judge(io.BytesIO(WHOLE))

    assert verdict.valid
    assert verdict.first_reason() is None
    assert (verdict.workspace, verdict.schema, verdict.files) == (NAME, 1, 8)


@pytest.mark.parametrize("code", MALICIOUS)
def test_a_bundle_that_was_tampered_with_is_refused_for_its_own_reason(code: str) -> None:
    make, says = MALICIOUS[code]

    why = _why(make())

    assert why.as_json()["code"] == code
    assert says in why.message


def test_an_entry_inside_another_is_refused() -> None:
    assert _why(_nested()).code == "entry_overlaps"


@pytest.mark.parametrize("bundle", [b"", b"sales,2026\n", b"\x7fELF" + b"\0" * 400])
def test_what_never_was_a_zip_is_not_a_bundle(bundle: bytes) -> None:
    with pytest.raises(NotABundle):
        bundle_verdicts.judge(io.BytesIO(bundle))


def test_no_flipped_byte_goes_unseen() -> None:
    """Whatever byte of the bundle is turned over, it is not valid any more."""
    unseen = [
        place
        for place in range(len(WHOLE))
        if _holds(WHOLE[:place] + bytes([WHOLE[place] ^ 0xFF]) + WHOLE[place + 1 :])
    ]

    assert unseen == []


def _holds(bundle: bytes) -> bool:
    try:
        return bundle_verdicts.judge(io.BytesIO(bundle)).valid
    except NotABundle:
        return False


def test_a_text_of_quotes_alone_is_gone_through_once() -> None:
    with pytest.raises(BundleRefused):
        bundle_verdicts.strict_json.loads(b'"' * 3 + b"\\" * 2_000_001, "x")
