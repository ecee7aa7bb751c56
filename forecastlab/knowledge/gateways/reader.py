"""A process that reads one document and ends: run by `apart.py`, with limits of its own.

    python -m forecastlab.knowledge.gateways.reader FILE MEDIA-TYPE

Standard output gets one JSON object: the extract, or {"unreadable": {detail, hint}}.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path

from forecastlab.knowledge.domain import reading
from forecastlab.knowledge.domain.extracts import Limits, Unreadable
from forecastlab.lib.embedded.children import die_with_parent


def main(file: str, media_type: str) -> None:
    limits = Limits()
    die_with_parent(signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        found = reading.read(Path(file).read_bytes(), media_type, limits).as_json()
    except Unreadable as error:
        found = {"unreadable": {"detail": error.detail, "hint": error.hint}}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
