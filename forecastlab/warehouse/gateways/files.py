"""Opening the files that people give us as lazy tables."""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import polars as pl

from forecastlab.warehouse.domain import formats, problems
from forecastlab.warehouse.domain.formats import FileUnusable, Table
from forecastlab.warehouse.domain.problems import Problem
from forecastlab.warehouse.gateways import texts
from forecastlab.warehouse.gateways.texts import Plain

MOST_COLUMNS, MOST_LOOKED_THROUGH = 20_000, 200
MOST_ROWS = 200_000_000
ROW_NUMBER = "__line__"
# Names that we give to columns of our own.
_OURS = ("__line__", "__ds__", "__offset__", "__lost__", "__held_back__", "__heading__")


class Readable(Protocol):
    """What can be staged: a file as it stands, or one brought into long form."""

    @property
    def name(self) -> str: ...

    @property
    def line_word(self) -> str: ...

    @property
    def types(self) -> dict[str, pl.DataType]: ...

    def scan(self) -> pl.LazyFrame:
        """Return the rows with `__line__`."""

    def notes(self) -> list[Problem]:
        """Return what was assumed in order to read it."""

    def unreadable(self, error: Exception) -> Exception:
        """Return what to raise when the reader gives up on it."""


@dataclass(frozen=True)
class Source:
    """An unpacked file: how it is called by its owner, where it is, what it is."""

    name: str
    plain: Plain
    table: Table

    @property
    def path(self) -> Path:
        return self.plain.path

    @property
    def line_word(self) -> str:
        return "row" if self.table.is_parquet or self.plain.spans else "line"

    def scan(self) -> pl.LazyFrame:
        """Return the rows lazily, with their number in `__line__`: of the file, or of Parquet.

        Where values span lines, rows are numbered as a spreadsheet shows them. Lines of a text
        without any value are left out, unless there are so many columns that looking through
        them takes minutes: they are then rows without a key.
        """
        if self.table.is_parquet:
            return pl.scan_parquet(self.path, row_index_name=ROW_NUMBER, row_index_offset=1)
        names = self._read_as
        rows = pl.scan_csv(
            self.path,
            separator=self.table.delimiter,
            schema=dict.fromkeys(names, pl.String()),
            skip_lines=self.table.above,
            row_index_name=ROW_NUMBER,
            row_index_offset=2 + self.table.above,
        ).rename({old: new for old, new in names.items() if old != new})
        first, *others = self.headings
        if len(others) > MOST_LOOKED_THROUGH:
            return rows
        begun = pl.col(first).str.strip_chars().fill_null("") != ""
        return rows.filter(pl.any_horizontal(begun, *(pl.col(one).is_not_null() for one in others)))

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        if not self.table.is_parquet:
            return dict.fromkeys(self.headings, pl.String())
        return dict(self._parquet_schema)

    @cached_property
    def headings(self) -> list[str]:
        if self.table.is_parquet:
            return list(self._parquet_schema)
        return [name or f"column_{place}" for place, name in enumerate(self._header, start=1)]

    @cached_property
    def _read_as(self) -> dict[str, str]:
        """Return the headings by what the reader calls them, who tells blank ones apart and keeps
        doubled quotation marks.
        """
        frame = pl.scan_csv(
            self.path,
            separator=self.table.delimiter,
            infer_schema=False,
            skip_lines=self.table.above,
        )
        names = frame.collect_schema().names()
        if len(names) != len(self.headings):
            raise self.unreadable(ValueError("its first line cannot be parted into columns."))
        return dict(zip(names, self.headings, strict=True))

    @property
    def has_odd_header(self) -> bool:
        """Say whether a quotation mark of the first line is not closed in it."""
        if self.table.is_parquet:
            return False
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            return next(itertools.islice(stream, self.table.above, None)).count('"') % 2 == 1

    @cached_property
    def _header(self) -> list[str]:
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            lines = itertools.islice(stream, self.table.above, None)
            try:
                return next(csv.reader(lines, delimiter=self.table.delimiter))
            except csv.Error as error:
                raise FileUnusable(
                    f"The first line of '{self.name}' cannot be read: {error}.", field="file"
                ) from error

    @cached_property
    def _parquet_schema(self) -> dict[str, pl.DataType]:
        try:
            return dict(pl.read_parquet_schema(self.path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.unreadable(error) from error

    def notes(self) -> list[Problem]:
        """Return what was assumed in order to read the file at all."""
        line = self.plain.assumed_from
        if not line:
            return []
        label = formats.label(self.plain.encoding)
        with self.path.open(encoding="utf-8") as stream:
            shown = next(itertools.islice(stream, line - 1, None), "").strip()
        message = (
            f"'{self.name}' is not UTF-8 and was read as {label}: line {line:,} says "
            f"'{shown[:80]}'. If that is wrong, give its encoding (--encoding)."
        )
        places = [problems.spot(line, "", shown)]
        return [problems.note("assumed_encoding", message, places=places)]

    def unreadable(self, error: Exception) -> Exception:
        """Return what to raise when the reader gives up: where the file is wrong, if it shows.

        NoRoom when the disk is full.
        """
        full = texts.no_room(error)
        if full:
            return full
        what, fault = "is damaged", ""
        if not self.table.is_parquet:
            what, columns, table = "cannot be read", len(self.headings), self.table
            fault = texts.first_fault(
                self.path, delimiter=table.delimiter, above=table.above, columns=columns
            )
        reason = fault or str(error).strip().split("\n")[0][:300].replace(str(self.path), "it")
        hint = "Correct it in the file." if fault else "Save the file again, or as CSV."
        return FileUnusable(f"'{self.name}' {what}: {reason}", hint=hint, field="file")


def open_source(path: Path, name: str, encoding: str = "") -> Source:
    """Unpack and recognise a file, and look at its first row.

    What is unpacked or translated is kept beside it, and found there the next time. Raises
    FileUnusable for what is no table, is damaged or holds no rows; EncodingUnknown; NoRoom.
    """
    source = _opened(path, name, encoding)
    _check_headings(source)
    _check_rows(source)
    first_rows(source, 1)
    return source


def first_rows(source: Source, count: int) -> pl.DataFrame:
    """Return the first rows as they stand in the file; raise FileUnusable when there is none."""
    if len(set(source.headings)) < len(source.headings):
        return pl.DataFrame()
    try:
        rows = source.scan().head(count).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise source.unreadable(error) from error
    if rows.is_empty() and source.has_odd_header:
        raise FileUnusable(
            f"The first line of '{source.name}' has a single quotation mark, and everything below "
            "would belong to it.",
            hint="Put the heading in quotation marks and double the one inside, or take it out.",
            field="file",
        )
    if rows.is_empty():
        raise FileUnusable(
            f"'{source.name}' has a header and no rows.",
            hint="Give a file with one row for each series and date.",
            field="file",
        )
    return rows


def _opened(path: Path, name: str, encoding: str) -> Source:
    """Find out what the file is, or remember it from the last time it was opened."""
    encoding = formats.check_encoding(encoding)
    memory = path.with_name(f"{path.name}.{encoding or 'guessed'}.json")
    if memory.exists():
        known = json.loads(memory.read_text())
        where = Plain(path.with_name(known.pop("file")), **known.pop("text"))
        return Source(name, where, Table(**known["table"]))
    plain = texts.plain(texts.unpacked(path, name), name, encoding)
    if plain.is_parquet:
        return Source(name, plain, Table())
    with plain.path.open(encoding="utf-8-sig", newline="") as stream:
        table = formats.recognise(stream.read(texts.HEAD), name)
    known = {
        "file": plain.path.name,
        "text": {key: value for key, value in asdict(plain).items() if key != "path"},
        "table": asdict(table),
    }
    draft = memory.with_suffix(".draft")
    draft.write_text(json.dumps(known))
    draft.replace(memory)
    return Source(name, plain, table)


def _check_headings(source: Source) -> None:
    """Raise FileUnusable for columns that no table of sales has."""
    count = len(source.headings)
    if count > MOST_COLUMNS:
        raise FileUnusable(
            f"'{source.name}' has {count:,} columns; at most {MOST_COLUMNS:,} are read.",
            hint="Leave out what is not needed.",
            field="file",
        )
    wrong = [one for one in source.headings if one in _OURS or "\x00" in one]
    if wrong:
        shown = wrong[0].replace("\x00", "\ufffd")[:80]
        raise FileUnusable(
            f"'{source.name}' has a column named '{shown}', which cannot be used.",
            hint="Rename it.",
            field="file",
        )


def _check_rows(source: Source) -> None:
    """Raise FileUnusable when Parquet announces more rows than are read."""
    if not source.table.is_parquet:
        return
    try:
        rows = pl.scan_parquet(source.path).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise source.unreadable(error) from error
    if rows > MOST_ROWS:
        raise FileUnusable(
            f"'{source.name}' has {rows:,} rows; at most {MOST_ROWS:,} are read.",
            hint="Split it by time and append the parts.",
            field="file",
        )
