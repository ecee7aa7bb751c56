"""What is told of a version and its series: written while its facts are copied."""

from __future__ import annotations

import numpy as np
import polars as pl
from django.db import connection
from psycopg import sql

from forecastlab.lib import frames
from forecastlab.warehouse.domain import profiles
from forecastlab.warehouse.domain.profiles import Whole
from forecastlab.warehouse.models import DatasetVersion, Series, SeriesProfile

COLUMNS = [one.attname for one in SeriesProfile._meta.concrete_fields]
SERIES_COLUMNS = [one.attname for one in Series._meta.concrete_fields]


class Profiling:
    """Fed the blocks of facts, in the transaction that loads them; memory stays that of a block.

    `series` names the codes of the blocks: code, series_id and unique_id, sorted by code.
    """

    def __init__(self, version: DatasetVersion, series: pl.DataFrame) -> None:
        self.version = version
        self.ids, self.names = series["series_id"].to_numpy(), series["unique_id"]
        self.whole = Whole(version.frequency, version.periods)

    def look(self, block: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return a block of whole series and their profiles; asks the database nothing."""
        return block, profiles.of_block(block, self.version.periods)

    def add(self, block: pl.DataFrame, found: pl.DataFrame) -> None:
        """Write the profiles that `look` found in a block."""
        self.whole.add(block, found)
        codes = found["code"].to_numpy().astype(np.int64)
        rows = found.with_columns(
            pl.lit(self.version.pk, dtype=pl.Int64).alias("version_id"),
            pl.Series("series_id", self.ids[codes], dtype=pl.Int64),
            self.names.gather(codes).alias("unique_id"),
        )
        frames.copy_in(SeriesProfile._meta.db_table, COLUMNS, [rows])

    def finish(self) -> None:
        """Keep the figures of the whole version on its row, and tell the planner of the rows.

        Until it is told, it takes the version for empty, and a list of series for minutes. Lines
        are never searched, and costly to look at.
        """
        self.version.profile = {**self.version.profile, **self.whole.result()}
        self.version.save(update_fields=["profile"])
        with connection.cursor() as cursor:
            for model, columns in ((SeriesProfile, COLUMNS), (Series, SERIES_COLUMNS)):
                statement = sql.SQL("ANALYZE {} ({})").format(
                    sql.Identifier(model._meta.db_table),
                    sql.SQL(", ").join(sql.Identifier(one) for one in columns if one != "line"),
                )
                cursor.execute(statement)
