"""Finding what apps contribute."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, TypeVar, cast

from django.apps import apps


class RegistryError(Exception):
    """What the apps contribute does not fit together."""


T = TypeVar("T")


def contributed(module: str, kind: type[T]) -> list[tuple[str, T]]:
    """Return `(app label, item)` for every `kind` at the top of any app's `module`.

    An item is a module-level name bound to an instance of `kind`, or a list or tuple of them.
    """
    found: tuple[tuple[str, T], ...] = _found(module, cast("Hashable", kind))
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


@cache
def _found(name: str, kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((label, item) for label, one in _modules(name) for item in _items(one, kind))


def _items(module: object, kind: type[T]) -> list[T]:
    items: list[T] = []
    for value in vars(module).values():
        candidates = value if isinstance(value, list | tuple) else (value,)
        items += [one for one in candidates if isinstance(one, kind) and one not in items]
    return items
