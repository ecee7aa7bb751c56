"""The tables of status changes, as a page: every app's `domain.statuses.TABLES`, by noun."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

HEAD = """# States

Made by `manage.py document_states` from the tables in the code; every other change is refused.
"""

Moves = Mapping[str, Mapping[str, str]]


def document() -> str:
    """Return docs/reference/states.md."""
    return HEAD + "".join(_section(noun, table) for noun, table in sorted(_tables().items()))


def _tables() -> dict[str, Moves]:
    found: dict[str, Moves] = {}
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.domain") and find_spec(f"{config.name}.domain.statuses"):
            module = import_module(f"{config.name}.domain.statuses")
            found |= getattr(module, "TABLES", {})
    return found


def _section(noun: str, table: Moves) -> str:
    lines = [f"| {status} | {_ways(moves)} |" for status, moves in table.items()]
    return "\n".join([f"\n## {noun}\n", "| From | Change to |", "|---|---|", *lines, ""])


def _ways(moves: Mapping[str, str]) -> str:
    return ", ".join(f"{target} ({move})" for move, target in moves.items()) or "final"
