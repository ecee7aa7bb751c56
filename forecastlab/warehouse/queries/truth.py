"""What lay behind simulated sales: true demand, what of it was lost, and every factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from forecastlab.lib import artefacts
from forecastlab.lib.errors import NotFound
from forecastlab.warehouse.models import DatasetVersion

BATCH_ROWS = 200_000


class NoTruth(NotFound):
    """Only simulated sales have a truth behind them."""

    code = "no_truth"


def frames(version: DatasetVersion) -> Iterator[pl.DataFrame]:
    """Return the truth of a version, a block of its rows in memory.

    The columns are unique_id, ds, t, demand, lost, and each factor that demand is the product of;
    demand less what was lost is what was sold. Raises NoTruth, or ArtefactMissing.
    """
    if not version.truth:
        raise NoTruth(f"{version.ref} was not simulated.")
    return _read(pq.ParquetFile(artefacts.path(version.truth)))


def _read(file: Any) -> Iterator[pl.DataFrame]:
    with file:
        for batch in file.iter_batches(BATCH_ROWS):
            found = pl.from_arrow(batch)
            if isinstance(found, pl.DataFrame):
                yield found
