"""Bundles made by hand: whole ones, and ones that somebody has tampered with."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from zipfile import ZipFile

from showcase.domain import bundles, signatures

PRIVATE = "11" * 32
NAME = "rich-a"
STEPS: list[dict[str, Any]] = [
    {
        "name": "seed",
        "index": 1,
        "phase": "data",
        "title": "Sales",
        "contributed_by": "warehouse",
        "status": "done",
        "outcome": "pass",
        "detail": "6 series.",
        "data": {"version": 7, "rows": 720, "series": 6},
        "seconds": 1.5,
    },
]
EVENTS: list[dict[str, Any]] = [
    {"seq": 1, "kind": "run.queued", "payload": {"name": "demo"}, "at": "2026-11-01T10:00:00Z"},
    {"seq": 2, "kind": "run.succeeded", "payload": {"name": "demo"}, "at": "2026-11-01T10:01:00Z"},
]


def manifest(**changes: Any) -> dict[str, Any]:
    told = {
        "bundle_format_version": 1,
        "workspace": {"name": NAME, "config_schema_version": 2},
        "signing": {"public_key": signatures.public_of(PRIVATE)},
    }
    return {**told, **changes}


def files(*, told: Mapping[str, Any] | None = None, **contents: bytes) -> dict[str, bytes]:
    """Return the files of a whole bundle; `contents` by name with `__` for the dot."""
    made = {
        bundles.CONFIG: bundles.canonical({"horizon": 7}),
        bundles.STEPS: bundles.canonical(STEPS),
        bundles.METRICS: bundles.canonical({}),
        bundles.EVENTS: b"".join(map(bundles.line, EVENTS)),
        bundles.REPORT: b"<!doctype html><title>rich-a</title>",
        **{name.replace("__", "."): content for name, content in contents.items()},
    }
    listed = [{"path": path, "size": len(made[path])} for path in sorted(made)]
    made[bundles.MANIFEST] = bundles.canonical({**manifest(files=listed), **(told or {})})
    return signed(made)


def signed(made: Mapping[str, bytes], *, private: str = PRIVATE) -> dict[str, bytes]:
    """Add the sums of the files and their signature."""
    rest = {path: one for path, one in made.items() if path not in bundles.UNSUMMED}
    sums = bundles.checksums({path: hashlib.sha256(one).hexdigest() for path, one in rest.items()})
    signature = signatures.sign(sums, private=private)
    return {**rest, bundles.CHECKSUMS: sums, bundles.SIGNATURE: signature}


def packed(
    made: Mapping[str, bytes], change: Callable[[ZipFile], None] = lambda archive: None
) -> bytes:
    """Zip the files as an export does; `change` writes what no export would."""
    stream = io.BytesIO()
    with ZipFile(stream, "w") as archive:
        for path in sorted(made):
            info = bundles.member(NAME, path, len(made[path]))
            archive.writestr(info, made[path])
        change(archive)
    return stream.getvalue()


def with_entry(name: str, content: bytes = b"x", **fields: Any) -> bytes:
    """Return a whole bundle with one more entry, under this name in full."""

    def add(archive: ZipFile) -> None:
        info = bundles.member(NAME, "more", len(content))
        info.filename = info.orig_filename = name
        for field, value in fields.items():
            setattr(info, field, value)
        archive.writestr(info, content)

    return packed(files(), add)


def flipped(bundle: bytes, path: str) -> bytes:
    """Flip a byte in the middle of the packed bytes of a file."""
    with ZipFile(io.BytesIO(bundle)) as archive:
        info = archive.getinfo(f"{bundles.folder(NAME)}/{path}")
    start = info.header_offset + 30 + len(info.filename)
    place = start + info.compress_size // 2
    return bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :]


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def noise(size: int) -> bytes:
    """Return bytes that cannot be packed, the same each time."""
    return random.Random(1).randbytes(size)


def replaced(bundle: bytes, old: bytes, new: bytes, *, times: int = -1) -> bytes:
    assert old in bundle
    return bundle.replace(old, new, times)


STORED = zipfile.ZIP_STORED
