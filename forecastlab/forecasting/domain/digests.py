"""What models forecast, as one digest for each that says nothing of ids or of the order of series.

Each series is digested over its numbers, the digest of the whole is over the series in the order
of their names. Unknown is one NaN, and there is one zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SIZE = hashlib.sha256().digest_size


class Sum:
    """Fed the numbers of one series after another, in any order."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._found = bytearray()  # of all series in one piece: an object for each takes thrice

    def add(self, names: Sequence[str], numbers: NDArray[Any], said: Sequence[str] = ()) -> None:
        """Add a row of numbers for each name, and a text where there are any."""
        rows = np.ascontiguousarray(numbers, dtype="<f8") + 0.0
        rows[np.isnan(rows)] = np.nan
        texts = [one.encode() for one in said] or [b""] * len(names)
        for name, row, text in zip(names, rows, texts, strict=True):
            self._names.append(name)
            self._found += hashlib.sha256(text + b"\0" + row.tobytes()).digest()

    def hexdigest(self) -> str:
        whole = hashlib.sha256()
        for name, place in sorted(zip(self._names, range(len(self._names)), strict=True)):
            text = name.encode()
            found = self._found[place * SIZE : (place + 1) * SIZE]
            whole.update(len(text).to_bytes(4, "little") + text + found)
        return whole.hexdigest()


class JudgedSums:
    """The digests of judged forecasts by model, taken as their frames pass by.

    A frame has rows by `series_id`, fold and step, the same number for each series, and a column
    per model. `names` tells the series by id.
    """

    def __init__(self, models: Iterable[str], names: Mapping[int, str]) -> None:
        self._sums = {name: Sum() for name in models}
        self._names = names

    def passing(self, judged: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in judged:
            ids = frame["series_id"].unique(maintain_order=True).to_list()
            names = [self._names[one] for one in ids]
            for model, found in self._sums.items():
                found.add(names, frame[model].to_numpy().reshape(len(ids), -1))
            yield frame

    def hexdigests(self) -> dict[str, str]:
        return {model: found.hexdigest() for model, found in self._sums.items()}
