"""LightGBM through the C interface of its library: what is grown has the bytes of its package.

The Python package imports what others might hand to it (pandas, scikit-learn), which takes
seconds and 150 MB in every process that fits a model. Here are arrays only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_void_p
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.panel import Floats

PACKAGE = "lightgbm"
# How the library numbers types of values, the order of a table, and kinds of forecasts.
SINGLE, BY_ROW, USUAL = 0, 1, 0
ALL = -1
# The package ends every model that was not fitted on a frame of pandas with this.
END = b"\npandas_categorical:null\n"

Table = NDArray[np.float32]


class LibraryError(RuntimeError):
    """What the library says went wrong."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What trees learn from: a table, its label and what each row weighs, the names of columns."""

    table: Table
    label: Floats
    weight: Floats
    names: Sequence[str]


@lru_cache(maxsize=1)
def library() -> Any:
    """Return the shared library, found by the package's own file for that."""
    package = find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise LibraryError(f"The package {PACKAGE} is not installed.")
    place = Path(package.submodule_search_locations[0]) / "libpath.py"
    told = spec_from_file_location("forecastlab_libpath", place)
    if told is None or told.loader is None:
        raise LibraryError(f"The package {PACKAGE} has no file {place.name}.")
    found = module_from_spec(told)
    told.loader.exec_module(found)
    found._LIB.LGBM_GetLastError.restype = c_char_p
    return found._LIB


def grow(
    rows: Rows, settings: Mapping[str, Any], rounds: int, told: Callable[[int], None]
) -> bytes:
    """Return the text of a model of so many trees; `told` hears of each, and may raise."""
    asked = _asked({**settings, "num_iterations": rounds})
    data, trees, finished = c_void_p(), c_void_p(), c_int()
    try:
        _load(rows, asked, data)
        _call("BoosterCreate", data, asked, byref(trees))
        for grown in range(1, rounds + 1):
            _call("BoosterUpdateOneIter", trees, byref(finished))
            told(grown)
        return _text(trees) + END
    finally:
        _free("BoosterFree", trees)
        _free("DatasetFree", data)


class Trees:
    """The trees of a text."""

    def __init__(self, text: bytes) -> None:
        self._handle, count = c_void_p(), c_int()
        _call("BoosterLoadModelFromString", c_char_p(text), byref(count), byref(self._handle))

    def predict(self, table: Table) -> Floats:
        """Return what the trees say of each row, in one thread."""
        table = np.ascontiguousarray(table, dtype=np.float32)
        found, length = np.empty(len(table)), c_int64()
        shape = c_int32(table.shape[0]), c_int32(table.shape[1]), c_int(BY_ROW)
        how = c_int(USUAL), c_int(0), c_int(ALL), _asked({"num_threads": 1}), byref(length)
        given = _of(table, c_float), c_int(SINGLE), *shape, *how, _of(found, c_double)
        _call("BoosterPredictForMat", self._handle, *given)
        return found

    def __del__(self) -> None:
        _free("BoosterFree", self._handle)


def _load(rows: Rows, asked: c_char_p, data: c_void_p) -> None:
    table = np.ascontiguousarray(rows.table, dtype=np.float32)
    shape = c_int32(table.shape[0]), c_int32(table.shape[1]), c_int(BY_ROW)
    given = _of(table, c_float), c_int(SINGLE), *shape, asked, None
    _call("DatasetCreateFromMat", *given, byref(data))
    fields = {b"label": rows.label}
    if not (rows.weight == 1).all():  # as the package does
        fields[b"weight"] = rows.weight
    for name, values in fields.items():
        single = np.ascontiguousarray(values, dtype=np.float32)
        field = c_char_p(name), _of(single, c_float), c_int(len(single)), c_int(SINGLE)
        _call("DatasetSetField", data, *field)
    names = (c_char_p * len(rows.names))(*(one.encode() for one in rows.names))
    _call("DatasetSetFeatureNames", data, names, c_int(len(rows.names)))


def _text(trees: c_void_p) -> bytes:
    length = c_int64()
    for size in (1 << 20, None):
        room = ctypes.create_string_buffer(size or length.value)
        whole = c_int(0), c_int(ALL + 1), c_int(0), c_int64(len(room)), byref(length), room
        _call("BoosterSaveModelToString", trees, *whole)
        if length.value <= len(room):
            break
    return room.value


def _asked(settings: Mapping[str, Any]) -> c_char_p:
    return c_char_p(" ".join(f"{name}={value}" for name, value in settings.items()).encode())


def _of(values: NDArray[Any], kind: Any) -> Any:
    return values.ctypes.data_as(POINTER(kind))


def _call(name: str, *given: Any) -> None:
    if getattr(library(), f"LGBM_{name}")(*given):
        raise LibraryError(library().LGBM_GetLastError().decode())


def _free(name: str, handle: c_void_p) -> None:
    if handle.value:
        getattr(library(), f"LGBM_{name}")(handle)
