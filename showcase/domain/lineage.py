"""The family of a workspace as a tree, also where some of its members are gone.

Every workspace keeps the keys and names of all its ancestors. So whoever is left tells of those
that were deleted, and a descendant finds its place below the nearest ancestor that anybody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """HIDDEN is there but not for the reader; GONE was deleted, or is in another installation."""

    HERE = "here"
    HIDDEN = "hidden"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Member:
    """A workspace that is there; `ancestors` are {key, name}, oldest first."""

    key: str
    name: str
    ancestors: Sequence[Mapping[str, Any]] = ()
    mode: str = ""
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree; `depth` is 0 for the oldest, `parent` a key or "".

    `mode` is how it was replayed. The name is empty where it is not for the reader.
    """

    key: str
    name: str
    state: State
    parent: str = ""
    depth: int = 0
    mode: str = ""


def tree(members: Iterable[Member]) -> list[Node]:
    """Return the oldest ancestors, each followed by all that descends from it.

    Siblings stand in the order in which the members tell of them.
    """
    here = {one.key: one for one in members}
    names, parents = _told(here.values())
    below: dict[str, list[str]] = {}
    for key in names:
        below.setdefault(parents.get(key, ""), []).append(key)
    found: list[Node] = []
    waiting = [(key, 0) for key in reversed(below.get("", ()))]
    while waiting:
        key, depth = waiting.pop()
        found.append(_node(key, names[key], here.get(key), parents.get(key, ""), depth))
        waiting += [(one, depth + 1) for one in reversed(below.get(key, ()))]
    return found


def _told(members: Iterable[Member]) -> tuple[dict[str, str], dict[str, str]]:
    """Return names and parents by key, of the members and of all that they descend from.

    What would close a circle is left out: then the first telling counts. Names that only one tells
    who is not for the reader are empty.
    """
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    for member in members:
        line = [(str(one["key"]), str(one["name"])) for one in member.ancestors]
        line.append((member.key, member.name))
        for place, (key, name) in enumerate(line):
            names[key] = names.get(key) or (name if member.readable else "")
            if place and key not in parents and not _descends(line[place - 1][0], key, parents):
                parents[key] = line[place - 1][0]
    return names, parents


def _descends(key: str, ancestor: str, parents: Mapping[str, str]) -> bool:
    while key != ancestor and key in parents:
        key = parents[key]
    return key == ancestor


def _node(key: str, told: str, member: Member | None, parent: str, depth: int) -> Node:
    """One that is there has the name of today, one that is gone the name that is told."""
    if member is None:
        return Node(key, told, State.GONE, parent, depth)
    if not member.readable:
        return Node(key, "", State.HIDDEN, parent, depth)
    return Node(key, member.name, State.HERE, parent, depth, member.mode)
