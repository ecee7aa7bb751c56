"""Putting things in order by the names of their neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Protocol, TypeVar


class AnchorError(Exception):
    """What is placed by anchors does not fit together."""


class UnknownAnchor(AnchorError):
    """An item is placed beside one that does not exist."""


class CyclicAnchors(AnchorError):
    """Items are placed after one another in a circle."""


class DuplicateName(AnchorError):
    """Two items have one name."""


class Anchored(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def after(self) -> tuple[str, ...]: ...
    @property
    def before(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=Anchored)


def ordered(items: Iterable[A]) -> list[A]:
    """Order items by their anchors, ties by name.

    Raises AnchorError for a duplicate name, an unknown anchor or a cycle, naming them.
    """
    by_name: dict[str, A] = {}
    for item in items:
        if item.name in by_name:
            raise DuplicateName(f"two items are named '{item.name}'")
        by_name[item.name] = item
    sorter: TopologicalSorter[str] = TopologicalSorter({name: set() for name in by_name})
    for item in by_name.values():
        for anchor in (*item.after, *item.before):
            if anchor not in by_name:
                raise UnknownAnchor(f"'{item.name}' is anchored to the unknown '{anchor}'")
        sorter.add(item.name, *item.after)
        for later in item.before:
            sorter.add(later, item.name)
    return [by_name[name] for name in _drain(sorter)]


def _drain(sorter: TopologicalSorter[str]) -> Sequence[str]:
    try:
        sorter.prepare()
    except CycleError as error:
        raise CyclicAnchors("a cycle: " + " -> ".join(reversed(error.args[1]))) from error
    ready: list[str] = []
    order: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        name = ready.pop(0)
        order.append(name)
        sorter.done(name)
    return order
