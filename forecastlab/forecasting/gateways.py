"""Arrays and frames in the artefact store; never a pickle."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forecastlab.forecasting.domain.protocol import Arrays
from forecastlab.lib import artefacts, files, memory
from forecastlab.lib.errors import BadInput
from forecastlab.lib.npz import Npz

ROW_GROUP = 50_000
LARGE = 16_000_000


class OutputUnusable(BadInput):
    """The output cannot be written there."""

    code = "output_unusable"


def put_arrays(arrays: Arrays) -> str:
    """Store named arrays and return their digest: equal arrays, equal bytes.

    Large ones are written to a file as they are, and never stand in memory twice.
    """
    if sum(one.nbytes for one in arrays.values()) < LARGE:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **dict(arrays))
        return artefacts.put(buffer.getvalue())
    with artefacts.draft(".npz") as draft:
        np.savez(draft, allow_pickle=False, **dict(arrays))
        return artefacts.put(draft)


def get_arrays(digest: str, names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read named arrays back, all of them or some.

    Shards are read over and over: a process checks each against its digest once.
    """
    stored = opened(digest)
    return {name: stored[name] for name in names or stored}


def opened(digest: str) -> Mapping[str, NDArray[Any]]:
    """Return stored arrays by name, each read when it is asked for.

    The file stays open for as long as somebody holds them.
    """
    return Npz(artefacts.path_checked_once(digest))


def is_whole(digest: str) -> bool:
    """Say whether an artefact is there and holds what was stored."""
    try:
        artefacts.path_checked_once(digest)
    except (artefacts.ArtefactMissing, artefacts.ArtefactChanged):
        return False
    return True


def put_nested(arrays: Mapping[str, Arrays]) -> str:
    """Store arrays that have a name within a name."""
    return put_arrays({f"{a}/{b}": one for a, two in arrays.items() for b, one in two.items()})


def get_nested(digest: str) -> dict[str, dict[str, NDArray[Any]]]:
    nested: dict[str, dict[str, NDArray[Any]]] = {}
    for path, values in get_arrays(digest).items():
        outer, _slash, inner = path.partition("/")
        nested.setdefault(outer, {})[inner] = values
    return nested


def put_frames(frames: Iterable[pl.DataFrame]) -> str:
    """Store frames of one schema, at least one, as one; they are written as they come."""
    rest = iter(frames)
    first = next(rest).to_arrow()
    with artefacts.draft(".parquet") as draft:
        how: dict[str, Any] = {"compression": "zstd", "compression_level": 1}
        with pq.ParquetWriter(draft, first.schema, use_dictionary=False, **how) as writer:
            for one in chain([first], (frame.to_arrow() for frame in rest)):
                writer.write_table(one, row_group_size=ROW_GROUP)
                memory.give_back()  # what a table took, before the next one takes its own
        return artefacts.put(draft)


def get_frame(digest: str) -> pl.DataFrame:
    return pl.read_parquet(artefacts.path(digest))


def get_rows(digest: str, column: str, value: int) -> pl.DataFrame:
    """Return the rows of a frame in which `column` has a value; row groups without it stay unread.

    That is quick where the frame is sorted by the column.
    """
    frame = pl.scan_parquet(artefacts.path_checked_once(digest))
    return frame.filter(pl.col(column) == value).collect()


def get_some_rows(digest: str, column: str, values: pl.Series) -> pl.DataFrame:
    """Return the rows of a frame in which `column` has one of some values."""
    frame = pl.scan_parquet(artefacts.path_checked_once(digest))
    return frame.filter(pl.col(column).is_in(values.implode())).collect()


def get_column(digest: str, column: str) -> pl.Series:
    """Return the different values of a column of a frame."""
    frame = pl.scan_parquet(artefacts.path_checked_once(digest))
    return frame.select(pl.col(column).unique()).collect()[column]


def encoded(frame: pl.DataFrame, suffix: str) -> bytes:
    """Return the frame as CSV or Parquet."""
    buffer = io.BytesIO()
    if suffix == ".parquet":
        frame.write_parquet(buffer, compression="zstd")
    else:
        frame.write_csv(buffer)
    return buffer.getvalue()


def check_output(path: Path, field: str) -> None:
    """Raise OutputUnusable for a suffix or a folder that will not do."""
    if path.suffix not in (".csv", ".parquet"):
        raise OutputUnusable(
            f"'{path}' ends in neither .csv nor .parquet.", hint="Choose one.", field=field
        )
    if not path.absolute().parent.is_dir():
        raise OutputUnusable(f"There is no folder '{path.absolute().parent}'.", field=field)
    if path.is_dir():
        raise OutputUnusable(f"'{path}' is a folder.", field=field)


def write_whole(path: Path, content: bytes) -> str:
    """Write the file or leave what was there, and return its SHA-256."""
    files.write_whole(path, content)
    return hashlib.sha256(content).hexdigest()
