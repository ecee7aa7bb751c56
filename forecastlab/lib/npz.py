"""Named arrays in a file of numpy's format npz, read straight into place.

`numpy.load` reads a member through `zipfile`: in small pieces, each checked against a CRC, and it
evaluates the header of each. For thousands of arrays of 100 KB that takes ten times what the disk
cache takes. Here a member is one read. What is stored is `numpy.savez`'s, unpacked: anything that
reads npz reads it.
"""

from __future__ import annotations

import io
import weakref
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".npy"
# A zip's local header: its fixed part, and where that says how long name and extra field are.
LOCAL, LENGTHS_AT, LENGTHS = 30, 26, Struct("<HH")
# An array's header of format 1.0: magic and version, then its length in two bytes.
MAGIC, BEGIN = b"\x93NUMPY\x01\x00", 10


class Npz(Mapping[str, NDArray[Any]]):
    """The arrays of a file by name, each read when it is asked for.

    The file stays open for as long as somebody holds this. Raises ValueError for what
    `numpy.savez` does not write: packed members, objects, other versions of the format.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        with zipfile.ZipFile(self._file) as stored:
            members = stored.infolist()
        packed = [one.filename for one in members if one.compress_type != zipfile.ZIP_STORED]
        if packed:
            raise ValueError(f"{path} holds packed arrays: {', '.join(packed)}.")
        self._at = {one.filename.removesuffix(SUFFIX): one.header_offset for one in members}

    def __getitem__(self, name: str) -> NDArray[Any]:
        start = self._at[name]
        self._file.seek(start)
        local = self._exactly(LOCAL)
        name_size, extra_size = LENGTHS.unpack_from(local, LENGTHS_AT)
        self._file.seek(start + LOCAL + name_size + extra_size)
        header = self._exactly(BEGIN)
        shape, fortran, dtype = _header(header + self._exactly(_length(header)))
        found = np.empty(shape[::-1] if fortran else shape, dtype)
        self._fill(found.reshape(-1).view(np.uint8))
        return found.T if fortran else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    def _exactly(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise ValueError(f"{self._file.name} ends within an array.")
        return found

    def _fill(self, room: NDArray[np.uint8]) -> None:
        done = 0
        while done < len(room):
            read = self._file.readinto(room.data[done:])
            if not read:
                raise ValueError(f"{self._file.name} ends within an array.")
            done += read


def _length(header: bytes) -> int:
    if not header.startswith(MAGIC):
        raise ValueError("An array is not in version 1.0 of numpy's format.")
    return int.from_bytes(header[len(MAGIC) :], "little")


@lru_cache(maxsize=1024)
def _header(told: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether it is Fortran's order, and type; arrays side by side say the same."""
    rest = io.BytesIO(told[len(MAGIC) :])
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(rest)
    if dtype.hasobject:
        raise ValueError("An array holds objects.")
    return shape, fortran, dtype
