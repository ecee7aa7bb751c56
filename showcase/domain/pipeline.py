"""The pipeline: rows that apps contribute, put in order by the names of their neighbours.

Three spellings of an anchor: `status` must exist; `status?` counts if it is there, so that an
app can go without breaking its neighbours; `*` means all the others, for the first and the last
row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from forecastlab.lib import anchors
from forecastlab.lib.contributions import PipelineStep

EVERY_OTHER = "*"
TABLES = (SHORT, LONG) = ("short", "long")


@dataclass(frozen=True, slots=True)
class Row:
    """One contributed step and the label of the app that it comes from."""

    step: PipelineStep
    contributed_by: str


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    rows: tuple[Row, ...]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Order all rows; raises `anchors.AnchorError` naming what does not fit."""
    given = list(rows)
    by_name = {row.step.name: row for row in given}
    resolved = [_resolved(row.step, [other.step for other in given]) for row in given]
    return [by_name[step.name] for step in anchors.ordered(resolved)]


def _resolved(step: PipelineStep, steps: Sequence[PipelineStep]) -> PipelineStep:
    names = {one.name for one in steps}
    not_last = [one.name for one in steps if EVERY_OTHER not in one.after]
    not_first = [one.name for one in steps if EVERY_OTHER not in one.before]
    return replace(
        step,
        after=_named(step.after, names=names, others=not_last),
        before=_named(step.before, names=names, others=not_first),
    )


def _named(given: Sequence[str], *, names: set[str], others: Sequence[str]) -> tuple[str, ...]:
    resolved: list[str] = []
    for anchor in given:
        if anchor == EVERY_OTHER:
            resolved += others
        elif not anchor.endswith("?"):
            resolved.append(anchor)
        elif anchor[:-1] in names:
            resolved.append(anchor[:-1])
    return tuple(dict.fromkeys(resolved))


def plan(rows: Iterable[Row], *, config: Mapping[str, Any]) -> list[Row]:
    """Return the rows that a run with this config executes, in order."""
    return [row for row in in_order(rows) if _wanted(row.step, config)]


def _wanted(step: PipelineStep, config: Mapping[str, Any]) -> bool:
    in_table = config.get("table", SHORT) in step.tables
    return in_table and (step.includes is None or step.includes(config))


def phases(rows: Iterable[Row]) -> list[Phase]:
    """Group ordered rows by phase, phases in the order of their first row."""
    ordered = list(rows)
    names = list(dict.fromkeys(row.step.phase for row in ordered))
    ranked = sorted(ordered, key=lambda row: names.index(row.step.phase))
    groups = groupby(ranked, key=lambda row: row.step.phase)
    return [Phase(name, tuple(group)) for name, group in groups]


def needs(name: str, rows: Iterable[Row]) -> set[str]:
    """Return the names of all rows that `name` follows by name, directly or not.

    A row that merely stands first or last is nobody's need.
    """
    after = {
        row.step.name: {anchor.rstrip("?") for anchor in row.step.after} - {EVERY_OTHER}
        for row in rows
    }
    found: set[str] = set()
    queue = [name]
    while queue:
        fresh = {one for one in after.get(queue.pop(), ()) if one in after} - found
        found |= fresh
        queue += fresh
    return found
