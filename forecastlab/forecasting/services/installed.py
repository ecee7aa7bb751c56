"""What is written and installed here, as a digest: results follow from it."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from pathlib import Path

# What the numbers of a judgement follow from.
PARTS = ("domain", "services", "queries")


@cache
def digest(*folders: str) -> str:
    """Return a digest of these folders of the app, of every package, and of Python and machine."""
    # Their folders say name and version; to read what is written in each takes half a second.
    packages = sorted(one.name for place in sys.path for one in Path(place).glob("*.*-info"))
    machine = [platform.python_version(), platform.machine(), *packages]
    return hashlib.sha256(f"{machine!r} {code(*folders)}".encode()).hexdigest()


@cache
def code(*folders: str) -> str:
    """Return a digest of what is written in these folders of the app."""
    found, app = hashlib.sha256(), Path(__file__).resolve().parent.parent
    for file in sorted(path for folder in folders for path in (app / folder).rglob("*.py")):
        content = file.read_bytes()
        found.update(f"{file.relative_to(app)} {len(content)} ".encode())
        found.update(content)
    return found.hexdigest()
