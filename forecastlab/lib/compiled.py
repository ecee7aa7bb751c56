"""Functions over arrays that are compiled to machine code: for what goes period by period.

Numba is imported, and a function compiled, when one is first called. The code is kept beside the
source, in `__pycache__`, or in the user's cache where that cannot be written, so that other
processes only load it. It is compiled without anything that reorders sums or joins operations: a
function gives the bits that its lines say, on every processor and in any number of threads.

A compiled function calls no other one: when that is changed the code that was kept would not be.
So it may be longer than others, and a linter that counts branches is told so. It does not look
whether a place is in an array: whoever calls it does, with `check_places`. A sum like `start + s`
may count from the end, for all that the compiler knows, so that it reads value by value: loops
over neighbours count from 0, over a slice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import update_wrapper
from importlib import import_module
from pkgutil import walk_packages
from threading import Lock, Thread
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")

CONSTANT = re.compile(r"const (\w+)\[((?::, )*)::1\]")

_compiling = Lock()
_known: list[Compiled[..., Any]] = []


class Compiled(Generic[P, R]):
    """A function as it is written, in `plain`, and called as machine code."""

    def __init__(self, plain: Callable[P, R], signatures: Sequence[str]) -> None:
        self.plain, self._signatures = plain, signatures
        self._code: Callable[P, R] | None = None
        update_wrapper(self, plain)
        _known.append(self)

    def __call__(self, *given: P.args, **named: P.kwargs) -> R:
        code = self._code or self.compile()
        return code(*given, **named)

    def compile(self) -> Callable[P, R]:
        """Compile the function, or load what was compiled before."""
        with _compiling:
            self._code = self._code or _code_of(self.plain, self._signatures)
            return self._code


def compiled(*signatures: str) -> Callable[[Callable[P, R]], Compiled[P, R]]:
    """Have a function compiled for arguments of these types, in Numba's words.

    `const` before an array says that it is only read, and takes those that cannot be written.
    """
    return lambda plain: Compiled(plain, signatures)


def check_places(places: NDArray[np.integer], length: int) -> None:
    """Raise IndexError for a place that is not there: a compiled function would read beyond."""
    if places.size and not 0 <= places.min() <= places.max() < length:
        raise IndexError(f"places {places.min()} to {places.max()} are not among {length}")


def compile_all(package: str) -> None:
    """Compile every function in the modules of a package, so that nobody waits for it later."""
    place = import_module(package)
    for one in walk_packages(place.__path__, f"{package}."):
        import_module(one.name)
    _compile_known()


def load_aside() -> None:
    """Load all functions of the modules that are imported, while the caller waits for others."""
    Thread(target=_compile_known, name="load compiled functions", daemon=True).start()


def _compile_known() -> None:
    for function in list(_known):
        function.compile()


def _code_of(plain: Callable[P, R], signatures: Sequence[str]) -> Callable[P, R]:
    import numba  # noqa: PLC0415  half a second that most processes never need

    types = [CONSTANT.sub(_read_only, one) for one in signatures]
    settings: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        made = numba.njit(types, cache=True, **settings)(plain)
    except RuntimeError:  # nowhere to keep it
        made = numba.njit(types, **settings)(plain)
    code: Callable[P, R] = made
    return code


def _read_only(told: re.Match[str]) -> str:
    kind, others = told.groups()
    return f"Array({kind}, {1 + others.count(':')}, 'C', True)"
