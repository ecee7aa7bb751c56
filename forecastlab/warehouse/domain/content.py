"""What a version contains, as one digest that the order of rows does not change.

Each series is digested over its facts in the order of time; the digest of the whole is over the
series in the order of their ids. Columns without any value do not count, nor does the name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

NUMBERS = {
    "quantity": pl.Float64,
    "price": pl.Float64,
    "discount": pl.Float32,
    "promo": pl.Float32,
    "open": pl.Float32,
    "stockout_share": pl.Float32,
    "stock": pl.Float32,
    "holiday": pl.Float32,
}


@dataclass
class ContentHash:
    """Fed one block of whole series after another, in any order of blocks."""

    header: dict[str, Any]
    columns: Sequence[str]
    digests: dict[str, bytes] = field(default_factory=dict)

    def add(self, block: pl.DataFrame, unique_ids: Sequence[str]) -> None:
        """Add a block sorted by `code, t`; a code is the place of its series in `unique_ids`."""
        if block.is_empty():
            return
        records, codes = _records(block, self.columns), block["code"].to_numpy()
        ends = [*(np.flatnonzero(np.diff(codes)) + 1).tolist(), block.height]
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            digest = hashlib.sha256(records[start:end].data).digest()
            self.digests[unique_ids[codes[start]]] = digest

    def hexdigest(self) -> str:
        """Return the digest of all that was added."""
        head = {**self.header, "columns": list(self.columns)}
        whole = hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        for unique_id in sorted(self.digests):
            name = unique_id.encode()
            whole.update(len(name).to_bytes(4, "little") + name + self.digests[unique_id])
        return whole.hexdigest()


def _records(block: pl.DataFrame, columns: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return rows as little-endian bytes; unknown is one NaN, and there is one zero."""
    places = [("t", "<i4"), ("held_back", "u1"), *((name, "<f8") for name in columns)]
    records = np.zeros(block.height, dtype=np.dtype(places))
    records["t"] = block["t"].to_numpy()
    records["held_back"] = block["held_back"].to_numpy()
    for name in columns:
        values = block[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() + 0.0
        records[name] = np.where(np.isnan(values), np.nan, values)
    return records
