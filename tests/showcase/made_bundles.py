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
AT = "2026-11-01T10:00:00+00:00"
KEY = "ab" * 16
CONFIG: dict[str, Any] = {
    "name": "demo, 7 days",
    "dataset": "demo",
    "version": 7,
    "scenario": None,
    "seed": 42,
    "as_of": "2026-11-01",
    "simulate": None,
    "horizon": 7,
    "folds": 2,
    "step": 7,
    "gap": 0,
    "metric": "wape",
    "models": ["naive", "seasonal_naive"],
    "table": "short",
    "focus": None,
    "keep_going": False,
}


def _step(index: int, name: str, phase: str, **data: Any) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "phase": phase,
        "title": name.capitalize(),
        "contributed_by": "warehouse",
        "status": "done",
        "outcome": "pass",
        "detail": f"{name} is done.",
        "data": data,
        "content_key": "c" * 64,
        "same_as": None,
        "started_at": AT,
        "finished_at": AT,
        "seconds": 1.5,
    }


STEPS: list[dict[str, Any]] = [
    _step(1, "seed", "data", version=1, rows=720, series=6),
    _step(2, "backtest", "models", backtest=1, series_judged=6, per_model={"naive": {"wape": 9.0}}),
    _step(3, "register", "models", model_runs=[1, 2], run_id=1, issue=1, lasting=["e" * 64]),
]
EVENTS: list[dict[str, Any]] = [
    {"seq": 1, "kind": "run.queued", "payload": {"name": "demo"}, "actor": "bo", "at": AT},
    {"seq": 2, "kind": "run.succeeded", "payload": {"name": "demo"}, "actor": None, "at": AT},
]


def manifest(**changes: Any) -> dict[str, Any]:
    told = {
        "bundle_format_version": 1,
        "workspace": {
            "key": KEY,
            "name": NAME,
            "notes": "Told **there**.",
            "tags": ["autumn"],
            "config_schema_version": 2,
            "created_by": "bo",
            "created_at": AT,
            "reproduction": None,
        },
        "run": {
            "id": 1,
            "name": "demo, 7 days",
            "scenario": "",
            "status": "succeeded",
            "config_hash": "a" * 64,
            "content_hash": "b" * 64,
            "created_at": AT,
            "started_at": AT,
            "finished_at": AT,
            "seconds": 61.5,
            "winner": "naive",
            "winner_wape": 9.0,
            "warnings": 0,
            "failed_step": None,
            "result": {"winner": {"model": "naive", "metric": "wape", "value": 9.0}},
            "frame": {},
            "frame_hash": "",
        },
        "dataset": None,
        "lineage": {
            "replayed_from": "cd" * 16,
            "replay_mode": "exact",
            "family": "cd" * 16,
            "ancestors": [{"key": "cd" * 16, "name": "rich"}],
        },
        "story": {
            "seed_overrides": None,
            "user_scope": None,
            "approval_events": None,
            "knowledge_events": None,
            "job_ids": ["1"],
            "phase_summaries": [
                {"phase_name": "data", "status": "pass", "steps": 1, "duration_ms": 1500}
            ],
        },
        "contents": [],
        "signing": {"public_key": signatures.public_of(PRIVATE)},
    }
    return {**told, **changes}


def files(*, told: Mapping[str, Any] | None = None, **contents: bytes) -> dict[str, bytes]:
    """Return the files of a whole bundle; `contents` by name with `__` for the dot."""
    made = {
        bundles.CONFIG: bundles.canonical(CONFIG),
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
