#!/usr/bin/env python3
"""Fetch the vendored files of static/vendor/VENDORED.toml with npm, or check their hashes.

scripts/vendor.py            fetch every package, rebuild the icon sprite, write the hashes
scripts/vendor.py --check    compare what is there; exit 1 names each file that differs
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "static" / "vendor" / "VENDORED.toml"
DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
SPRITE_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke-linecap="round">\n'
SYMBOL = '<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>\n'


def digest(path: Path) -> str:
    """The SHA-256 of a file, or a word for a missing one."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def entries(listed: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Every file that the list promises, the sprite included."""
    for package in listed["package"]:
        yield from package["files"]
    yield listed["sprite"]


def problems(listed: dict[str, Any]) -> list[str]:
    """Files that differ from the list, and files that nobody listed."""
    promised = {entry["target"]: entry["sha256"] for entry in entries(listed)}
    found = [
        f"{target}: expected {sha256}, found {digest(ROOT / target)}"
        for target, sha256 in promised.items()
        if digest(ROOT / target) != sha256
    ]
    for folder in (LIST.parent, ROOT / "tests" / "vendor"):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and path != LIST and name not in promised:
                found.append(f"{name}: not listed in {LIST.name}")
    return found


def fetch(name: str, version: str) -> dict[str, bytes]:
    """The files of one package by their path inside it."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", f"{name}@{version}", "--pack-destination", scratch]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as bundle:
            files = [(member, bundle.extractfile(member)) for member in bundle if member.isfile()]
            return {
                member.name.removeprefix("package/"): file.read() for member, file in files if file
            }


def sprite(package: dict[str, bytes], icons: list[str]) -> str:
    """All icons as symbols of one file; their strokes take the colour of the text."""
    symbols = []
    for name in icons:
        text = package[f"icons/{name}.svg"].decode()
        found = DRAWING.search(text)
        if found is None:
            raise SystemExit(f"{name}.svg holds no drawing.")
        drawing = " ".join(found[1].split()).replace(" />", "/>").replace("> <", "><")
        symbols.append(SYMBOL.format(name=name, drawing=drawing.strip()))
    return SPRITE_HEAD + "".join(symbols) + "</svg>\n"


def update(listed: dict[str, Any]) -> None:
    """Fetch everything, then write the new hashes into the list."""
    for package in listed["package"]:
        files = fetch(package["name"], package["version"])
        for entry in package["files"]:
            target = ROOT / entry["target"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[entry["source"]])
        if package["name"] == listed["sprite"]["package"]:
            drawn = sprite(files, listed["sprite"]["icons"])
            (ROOT / listed["sprite"]["target"]).write_text(drawn)
    text = LIST.read_text()
    for entry in entries(listed):
        target = re.escape(entry["target"])
        where = re.compile(rf'(target = "{target}".*?sha256 = ")[^"]*', re.DOTALL)
        text = where.sub(rf"\g<1>{digest(ROOT / entry['target'])}", text, count=1)
    LIST.write_text(text)


def main() -> int:
    listed = tomllib.loads(LIST.read_text())
    if "--check" not in sys.argv[1:]:
        update(listed)
        return 0
    found = problems(listed)
    print("\n".join(found) or "Vendored files match their hashes.")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
