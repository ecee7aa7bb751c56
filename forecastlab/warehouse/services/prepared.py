"""What a preview leaves in a workplace, so that the import of the same need not read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecastlab.warehouse.gateways.workplace import Workplace

Found = Mapping[str, Any]


def _mark(place: Workplace) -> Path:
    return place.folder / "prepared.json"


def keep(place: Workplace, options: Mapping[str, Any], found: Found) -> None:
    """Say that the blocks in the workplace are those of these options; `found` by step."""
    _mark(place).write_text(json.dumps({"options": options, "found": found}))


def forget(place: Workplace) -> None:
    _mark(place).unlink(missing_ok=True)


def of(place: Workplace, options: Mapping[str, Any]) -> Found | None:
    """Return what the steps of a preview with the same options found, None without one."""
    try:
        kept = json.loads(_mark(place).read_text())
    except (FileNotFoundError, ValueError):
        return None
    same = kept["options"] == json.loads(json.dumps(options))
    return kept["found"] if same else None
