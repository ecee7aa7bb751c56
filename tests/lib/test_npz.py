from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecastlab.lib.npz import Npz

ARRAYS: dict[str, Any] = {
    "plain": np.arange(12.0).reshape(3, 4),
    "a/b": np.arange(5, dtype=np.int32),
    "fortran": np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
    "flags": np.array([True, False, True]),
    "texts": np.array(["", "Füllung", "b"]),
    "dates": np.array(["2026-11-21", "NaT"], dtype="datetime64[D]"),
    "one": np.array(3.5),
    "none": np.zeros((0, 4)),
    "text.0": np.frombuffer(b"tree\n", dtype=np.uint8),
}


def stored(place: Path, **arrays: Any) -> Path:
    np.savez(place / "stored.npz", allow_pickle=True, **arrays)
    return place / "stored.npz"


def test_arrays_are_what_numpy_reads(tmp_path: Path) -> None:
    path = stored(tmp_path, **ARRAYS)

    found, usual = Npz(path), np.load(path, allow_pickle=False)

    assert list(found) == usual.files == list(ARRAYS)
    for name in usual.files:
        one, other = found[name], usual[name]
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.flags.f_contiguous == other.flags.f_contiguous
        assert one.tobytes() == other.tobytes()
        assert one.flags.writeable
        assert one.flags.aligned


def test_what_is_asked_for_twice_is_read_twice(tmp_path: Path) -> None:
    found = Npz(stored(tmp_path, **ARRAYS))

    found["plain"][:] = 0

    assert (found["plain"] == ARRAYS["plain"]).all()
    with pytest.raises(KeyError):
        found["another"]


def test_what_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path, long=np.arange(10_000.0))
    found, whole = Npz(path), path.read_bytes()

    for size in (50_000, 100, 10):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="ends within an array"):
            found["long"]


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    packed = tmp_path / "packed.npz"
    np.savez_compressed(packed, numbers=np.arange(3))
    objects = stored(tmp_path, things=np.array([{}], dtype=object))

    with pytest.raises(ValueError, match=r"packed arrays: numbers\.npy"):
        Npz(packed)
    with pytest.raises(ValueError, match="objects"):
        Npz(objects)["things"]


def test_the_file_is_closed_with_the_last_who_holds_it(tmp_path: Path) -> None:
    found = Npz(stored(tmp_path, **ARRAYS))
    file = found._file

    del found
    gc.collect()

    assert file.closed
