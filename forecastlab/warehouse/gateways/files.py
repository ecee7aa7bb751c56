"""Opening the files that people give us as lazy tables."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from forecastlab.warehouse.domain import formats
from forecastlab.warehouse.domain.formats import BOM, GZIP, FileUnusable, Table

CHUNK = 1 << 20
MOST_COLUMNS = 1000
# What a packed file may unpack to: sales shrink to a tenth, seldom to a fiftieth.
MOST_RATIO, ALWAYS_UNPACKED = 200, 64 << 20
ROW_NUMBER = "__line__"
HEAD = 1 << 16


@dataclass(frozen=True)
class Source:
    """An unpacked file: how it is called by its owner, where it is, what it is."""

    name: str
    path: Path
    table: Table

    @property
    def line_word(self) -> str:
        return "row" if self.table.is_parquet else "line"

    def scan(self) -> pl.LazyFrame:
        """Return the rows lazily, with their number in `__line__`: of the file, or of Parquet."""
        if self.table.is_parquet:
            return pl.scan_parquet(self.path, row_index_name=ROW_NUMBER, row_index_offset=1)
        return pl.scan_csv(
            self.path,
            separator=self.table.delimiter,
            schema=dict.fromkeys(self.headings, pl.String()),
            row_index_name=ROW_NUMBER,
            row_index_offset=2,
        )

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        if not self.table.is_parquet:
            return dict.fromkeys(self.headings, pl.String())
        return dict(self._parquet_schema)

    @cached_property
    def headings(self) -> list[str]:
        if self.table.is_parquet:
            return list(self._parquet_schema)
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            try:
                first = next(csv.reader(stream, delimiter=self.table.delimiter))
            except csv.Error as error:
                raise FileUnusable(
                    f"The first line of '{self.name}' cannot be read: {error}.", field="file"
                ) from error
        return [name or f"column_{place}" for place, name in enumerate(first, start=1)]

    @cached_property
    def _parquet_schema(self) -> dict[str, pl.DataType]:
        try:
            return dict(pl.read_parquet_schema(self.path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise FileUnusable(
                f"'{self.name}' is damaged: {_short(error)}", field="file"
            ) from error


def open_source(path: Path, name: str) -> Source:
    """Unpack and recognise a file, and look at its first row.

    A gzipped file is unpacked beside it. Raises FileUnusable for what is no table in UTF-8, is
    damaged or holds no rows.
    """
    try:
        plain = _unpacked(path, name)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnusable(f"'{name}' is damaged: {_short(error)}", field="file") from error
    with plain.open("rb") as stream:
        source = Source(name, plain, formats.recognise(stream.read(HEAD), name))
    if not source.table.is_parquet:
        _check_text(source)
    _check_headings(source)
    first_rows(source, 1)
    return source


def first_rows(source: Source, count: int) -> pl.DataFrame:
    """Return the first rows as they stand in the file; raise FileUnusable when there is none."""
    if len(set(source.headings)) < len(source.headings):
        return pl.DataFrame()
    try:
        rows = source.scan().head(count).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileUnusable(
            f"'{source.name}' cannot be read: {_short(error)}", field="file"
        ) from error
    if rows.is_empty():
        raise FileUnusable(f"'{source.name}' has a header and no rows.", field="file")
    return rows


def _unpacked(path: Path, name: str) -> Path:
    with path.open("rb") as stream:
        if stream.read(2) != GZIP:
            return path
    plain = path.with_name("unpacked")
    room = max(path.stat().st_size * MOST_RATIO, ALWAYS_UNPACKED)
    with gzip.open(path, "rb") as packed, plain.open("wb") as stream:
        while chunk := packed.read(CHUNK):
            room -= len(chunk)
            if room < 0:
                raise FileUnusable(
                    f"'{name}' unpacks to more than {MOST_RATIO} times its size.",
                    hint="Unpack it yourself and give the plain file.",
                    field="file",
                )
            stream.write(chunk)
    return plain


def _check_headings(source: Source) -> None:
    """Raise FileUnusable for columns that no table of sales has."""
    count = len(source.headings)
    if count > MOST_COLUMNS:
        raise FileUnusable(
            f"'{source.name}' has {count:,} columns; at most {MOST_COLUMNS:,} are read.",
            hint="Leave out what is not needed.",
            field="file",
        )
    wrong = [one for one in source.headings if one == ROW_NUMBER or "\x00" in one]
    if wrong:
        shown = wrong[0].replace("\x00", "\ufffd")[:80]
        raise FileUnusable(
            f"'{source.name}' has a column named '{shown}', which cannot be used.",
            hint="Rename it.",
            field="file",
        )


def _check_text(source: Source) -> None:
    """Raise FileUnusable at the first line that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with source.path.open("rb") as stream:
        chunk = stream.read(CHUNK).removeprefix(BOM)
        while True:
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = lines + bytes(error.object[: error.start]).count(b"\n")
                raise FileUnusable(
                    f"Line {line} of '{source.name}' is not UTF-8.",
                    hint="Save the file as UTF-8.",
                    field="file",
                ) from error
            if not chunk:
                return
            lines += chunk.count(b"\n")
            chunk = stream.read(CHUNK)


def _short(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]
