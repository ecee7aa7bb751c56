"""What models forecast, as one digest for each that says nothing of ids or of the order of series.

Each series is digested over its numbers, the digest of the whole is over the series in the order
of their names. Unknown is one NaN, and there is one zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecastlab.forecasting.domain.by_model import ByModel, parts

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


def of_models(forecasts: ByModel, names: Sequence[str]) -> dict[str, str]:
    """Return the digest of each model's forecasts, folds x steps x series; `names` are theirs."""
    found = {}
    for model in forecasts:
        sums = Sum()
        for part in parts(len(names)):
            rows = forecasts.read(model, part).transpose(2, 0, 1)
            sums.add(names[part], rows.reshape(len(rows), -1))
        found[model] = sums.hexdigest()
    return found
