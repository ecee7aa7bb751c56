"""Finding and ordering what apps contribute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol, TypeVar

from django.apps import apps


class RegistryError(Exception):
    """What the apps contribute does not fit together."""


class UnknownAnchor(RegistryError):
    """An item is placed beside one that does not exist."""


class CyclicAnchors(RegistryError):
    """Items are placed after one another in a circle."""


class DuplicateName(RegistryError):
    """Two items have one name."""


class Anchored(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def after(self) -> tuple[str, ...]: ...
    @property
    def before(self) -> tuple[str, ...]: ...


T = TypeVar("T")
A = TypeVar("A", bound=Anchored)


def contributed(module: str, kind: type[T]) -> list[tuple[str, T]]:
    """Return `(app label, item)` for every `kind` at the top of any app's `module`.

    An item is a module-level name bound to an instance of `kind`, or a list or tuple of them.
    """
    found = [(label, item) for label, one in _modules(module) for item in _items(one, kind)]
    added = [item for where, item in _temporary if where == module and isinstance(item, kind)]
    return [*found, *[("temporary", item) for item in added]]


@contextmanager
def contributing(module: str, *items: object) -> Iterator[None]:
    """Contribute items beside those of the apps, for as long as a test needs them."""
    before = list(_temporary)
    _temporary.extend((module, item) for item in items)
    try:
        yield
    finally:
        _temporary[:] = before


_temporary: list[tuple[str, Any]] = []


@cache
def _modules(name: str) -> list[tuple[str, ModuleType]]:
    """Return `(app label, module)` for every app that has a module of that name."""
    configs = sorted(apps.get_app_configs(), key=lambda one: one.name)
    paths = [(config.label, f"{config.name}.{name}") for config in configs]
    return [(label, import_module(path)) for label, path in paths if find_spec(path)]


def _items(module: object, kind: type[T]) -> list[T]:
    items: list[T] = []
    for value in vars(module).values():
        candidates = value if isinstance(value, list | tuple) else (value,)
        items += [one for one in candidates if isinstance(one, kind) and one not in items]
    return items


def ordered(items: Iterable[A]) -> list[A]:
    """Order items by their anchors, ties by name.

    Raises RegistryError for a duplicate name, an unknown anchor or a cycle, naming them.
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
