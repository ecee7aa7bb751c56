"""Bundles: what an exported run is called, how its files are named, summed up and packed.

A bundle is a zip with one folder, `artifacts/showcase/<name of the workspace>/`. Two bundles of one
state are equal byte by byte: members are sorted, their times and modes fixed, JSON has one
spelling, and nothing says when the export was made.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from forecastlab.lib.errors import BadInput

# Raised when a file changes its meaning, or one without which a bundle cannot be read is added.
FORMAT_VERSION = 1
ROOT = "artifacts/showcase"
SUFFIX = ".zip"

MANIFEST = "manifest.json"
CONFIG = "config.json"
STEPS = "steps.json"
METRICS = "metrics.json"
EVENTS = "events.jsonl"
REPORT = "report.html"
FORECASTS = "forecasts.parquet"
FORECASTS_CSV = "forecasts.csv"
CHECKSUMS = "checksums.sha256"
SIGNATURE = "signature"
# In every bundle; forecasts are in it where the run has made some that are still there.
ALWAYS = (MANIFEST, CONFIG, STEPS, METRICS, EVENTS, REPORT, CHECKSUMS, SIGNATURE)
# What neither the sums nor the list of files in the manifest can name.
UNSUMMED = (CHECKSUMS, SIGNATURE)

MODELS = "models"
DATASET = "dataset"
# What is in a bundle only when somebody asks for it: each is a folder of it.
OPTIONAL = (MODELS, DATASET)

MOMENT = (1980, 1, 1, 0, 0, 0)
MODE = stat.S_IFREG | 0o644
UNIX = 3
# The others are compressed in themselves, or hold so much of one number that a careful reader
# would take them for a trap.
TEXTS = (".json", ".jsonl", ".csv", ".html", ".sha256")

_SUM = re.compile(r"([0-9a-f]{64})  ([^\n\r\0]+)")


class ChecksumsUnreadable(BadInput):
    """The list of sums of a bundle is not one."""

    code = "checksums_unreadable"


class ContentsUnknown(BadInput):
    """Something was asked for that a bundle cannot hold."""

    code = "bundle_contents_unknown"


def folder(workspace: str) -> str:
    """Return the folder that a bundle of this workspace holds, without a slash at its end."""
    return f"{ROOT}/{workspace}"


def file_name(workspace: str) -> str:
    return f"{workspace}{SUFFIX}"


def contents(asked: str | list[str] | tuple[str, ...]) -> list[str]:
    """Return the optional parts asked for, once and in order; raises ContentsUnknown."""
    named = asked.split(",") if isinstance(asked, str) else asked
    wanted = {one.strip() for one in named} - {""}
    if unknown := sorted(wanted - set(OPTIONAL)):
        raise ContentsUnknown(
            f"A bundle cannot hold '{unknown[0]}'.",
            hint=f"It can hold: {', '.join(OPTIONAL)}.",
            field="with",
        )
    return [one for one in OPTIONAL if one in wanted]


def canonical(value: Any) -> bytes:
    """Spell JSON in the one way that bundles know: sorted, indented by two, a line's end last.

    Raises ValueError for numbers that JSON has no word for.
    """
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def line(value: Any) -> bytes:
    """Spell JSON in one line, for files of one value a line."""
    compact = (",", ":")
    text = json.dumps(
        value, sort_keys=True, separators=compact, ensure_ascii=False, allow_nan=False
    )
    return f"{text}\n".encode()


def checksums(sums: Mapping[str, str]) -> bytes:
    """Write SHA-256 sums (hex, by path below the folder) as `sha256sum -c` reads them."""
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums)).encode()


def parsed_checksums(content: bytes) -> dict[str, str]:
    """Return the sums by path. Raises ChecksumsUnreadable, also for a path that is named twice."""
    try:
        lines = content.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ChecksumsUnreadable(f"{CHECKSUMS} is not text.") from error
    sums: dict[str, str] = {}
    for number, one in enumerate(lines, start=1):
        found = _SUM.fullmatch(one)
        if found is None or found[2] in sums:
            raise ChecksumsUnreadable(f"Line {number} of {CHECKSUMS} is not a sum of a new file.")
        sums[found[2]] = found[1]
    return sums


def member(workspace: str, path: str, size: int) -> ZipInfo:
    """Describe a file of `size` bytes in the zip, with nothing in it of the day or the machine."""
    info = ZipInfo(f"{folder(workspace)}/{path}", date_time=MOMENT)
    info.create_system = UNIX
    info.external_attr = MODE << 16
    info.compress_type = ZIP_DEFLATED if path.endswith(TEXTS) else ZIP_STORED
    info.file_size = size
    return info
