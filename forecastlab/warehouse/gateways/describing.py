"""Reading the tables beside sales: a row for each store, product or day, its attributes typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from forecastlab.warehouse.domain import describing, moments, numerals, problems
from forecastlab.warehouse.domain.describing import CALENDAR, HOLIDAY, NAME, TableUnusable
from forecastlab.warehouse.domain.formats import FileUnusable
from forecastlab.warehouse.domain.moments import FIRST_YEAR, LAST_YEAR
from forecastlab.warehouse.domain.numerals import Numeral
from forecastlab.warehouse.domain.parsing import LARGEST, Reading
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways import surveying
from forecastlab.warehouse.gateways.files import ROW_NUMBER, Source

MOST_ROWS = 1_000_000
KEY = "__key__"
_ISO, _PADDED = r"^\d{4}-\d{2}-\d{2}$", r"^[+-]?0\d"


@dataclass
class Described:
    """`rows` has the key in KEY, then a column for each attribute; use it without errors only."""

    rows: pl.DataFrame
    found: list[Problem] = field(default_factory=list)


def read(source: Source, role: str, own: str | None, reading: Reading) -> Described:
    """Read a table whose key is a column named as such, or as `own` of the sales.

    Raises TableUnusable and FileUnusable.
    """
    key = describing.key_of(role, source.headings, own, source.name)
    called = describing.attributes_of(role, source.headings, key, source.name)
    nested = [one for one, kind in source.types.items() if kind.is_nested() or kind == pl.Binary]
    if nested:
        raise TableUnusable(
            f"Column '{nested[0]}' of '{source.name}' holds no plain values.", field=role
        )
    try:
        rows = source.scan().head(MOST_ROWS + 1).collect()
        if rows.height > MOST_ROWS:
            message = f"'{source.name}' has more than {MOST_ROWS:,} rows."
            raise TableUnusable(message, field=role)
        return _Reading(source, role, reading, rows).read(key, called)
    except (pl.exceptions.PolarsError, OSError) as error:
        unreadable = source.unreadable(error)
        if isinstance(unreadable, FileUnusable):
            unreadable.field = role
        raise unreadable from error


class _Reading:
    """The rows of one table on their way to typed columns; what is wrong is collected."""

    def __init__(self, source: Source, role: str, reading: Reading, rows: pl.DataFrame) -> None:
        self.source, self.role, self.reading, self.rows = source, role, reading, rows
        self.found: list[Problem] = list(source.notes())

    def read(self, key: str, called: Mapping[str, str]) -> Described:
        named = self._days(key) if self.role == CALENDAR else self._codes(key)
        columns = [named.alias(KEY)]
        numbers = [one for one, name in called.items() if self._is_number(name)]
        known, about = surveying.numerals_of(self.source, numbers, self.reading)
        self.found += [self._of_file(one) for one in about]
        others = [one for one in called if one not in numbers]
        guessed, _about = surveying.numerals_of(self.source, others, self.reading)
        for column, name in called.items():
            if column in numbers:
                values = self._numbers(column, name, known.get(column, Numeral()))
            elif self.role != CALENDAR and name in describing.DATES:
                values = self._dates(column)
            elif self.role == CALENDAR and name == NAME:
                values = self._texts(column)
            else:
                values = self._attribute(column, guessed.get(column, Numeral()))
            columns.append(values.alias(name))
        if not problems.refusal(self.found):
            self._refuse_repeats(key, columns[0])
        return Described(pl.DataFrame(columns), self.found)

    def _is_number(self, name: str) -> bool:
        return name == HOLIDAY if self.role == CALENDAR else name in describing.NUMBERS

    def _text(self, column: str) -> pl.Series:
        """Return what was given, without spaces around it; blanks are null."""
        text = self.rows[column].cast(pl.String).str.strip_chars()
        return text.set(text == "", None)

    def _codes(self, key: str) -> pl.Series:
        codes = self._texts(key)
        self._refuse(key, codes.is_null() & self._text(key).is_null(), "is empty")
        return codes

    def _days(self, key: str) -> pl.Series:
        kind, text = self.rows.schema[key], self._text(key)
        if kind in (pl.Date, pl.Datetime):
            days = self.rows[key].cast(pl.Date)
        else:
            read = moments.read(text.drop_nulls().unique(), "", self.reading.timezone)
            if read.other:
                # Most calendars need no word; what is said of the sales settles the others.
                read = moments.read(
                    text.drop_nulls().unique(), self.reading.dates, self.reading.timezone
                )
            if read.form and read.other:
                self.found.append(self._of_file(surveying.two_ways(key, read)))
            meaning = read.table.select(pl.col("text").alias(key), pl.col("ds").cast(pl.Date))
            frame = pl.DataFrame({key: text})
            days = frame.join(meaning, on=key, how="left", maintain_order="left")["ds"]
        within = days.dt.year().is_between(FIRST_YEAR, LAST_YEAR).fill_null(value=False)
        self._refuse(key, ~within, f"is not a date from {FIRST_YEAR} to {LAST_YEAR}")
        return days

    def _texts(self, column: str) -> pl.Series:
        text = self._text(column)
        long = text.str.len_chars() > describing.LONGEST_VALUE
        unkept = (long | text.str.contains("\x00", literal=True)).fill_null(value=False)
        most = describing.LONGEST_VALUE
        self._refuse(column, unkept, f"is longer than {most} characters or holds a zero byte")
        return text

    def _dates(self, column: str) -> pl.Series:
        if self.rows.schema[column] in (pl.Date, pl.Datetime):
            return self.rows[column].cast(pl.Date).cast(pl.String)
        text = self._text(column)
        days = text.str.to_date("%Y-%m-%d", strict=False)
        shaped = text.str.contains(_ISO) & days.is_not_null()
        bad = text.is_not_null() & ~shaped.fill_null(value=False)
        self._refuse(column, bad, "is not a date; write 2024-12-31")
        return days.cast(pl.String)

    def _numbers(self, column: str, name: str, numeral: Numeral) -> pl.Series:
        text, values = self._text(column), self._read_numbers(column, numeral)
        bad = text.is_not_null() & ~_usable(values)
        complaint = "is not a number"
        if name == HOLIDAY:
            bad = bad | ~values.is_between(0, 1).fill_null(value=True)
            complaint = "is not a number from 0 to 1"
        self._refuse(column, bad, f"{complaint}; leave it empty for unknown")
        return values

    def _attribute(self, column: str, numeral: Numeral) -> pl.Series:
        """Return numbers where all that is given is numbers, else what was written."""
        kind, text = self.rows.schema[column], self._text(column)
        if kind.is_numeric() and not kind.is_decimal():
            values = self.rows[column].cast(pl.Float64)
            return values.set(~_usable(values), None)
        values = self._read_numbers(column, numeral)
        worded = text.str.contains(r"^[A-Za-z]") | text.str.contains(_PADDED)
        given = text.is_not_null()
        if given.any() and not (given & (worded | ~_usable(values))).any():
            return values
        return self._texts(column)

    def _read_numbers(self, column: str, numeral: Numeral) -> pl.Series:
        kind = self.rows.schema[column]
        if kind.is_numeric() or kind == pl.Boolean:
            return self.rows[column].cast(pl.Float64)
        number = numerals.number(pl.col(column).cast(pl.String), numeral)
        return self.rows.select(number.cast(pl.Float64)).to_series()

    def _of_file(self, found: Problem) -> Problem:
        """Say which file it is about: the same words are used of the sales."""
        return replace(found, message=f"'{self.source.name}': {found.message}")

    def _refuse(self, column: str, bad: pl.Series, complaint: str) -> None:
        marked = self.rows.filter(bad.fill_null(value=False))
        if not marked.is_empty():
            shown = marked.select(ROW_NUMBER, pl.col(column).cast(pl.String)).head(SHOWN).rows()
            self._complain("bad_attribute", column, shown, complaint, marked.height)

    def _refuse_repeats(self, key: str, named: pl.Series) -> None:
        lines = self.rows.select(pl.col(ROW_NUMBER).alias("line")).with_columns(named.alias("key"))
        first = lines.with_columns(pl.col("line").first().over("key").alias("first"))
        again = first.filter(pl.col("line") != pl.col("first"))
        if not again.is_empty():
            before = f"stands in {self.source.line_word} {again['first'][0]:,} already"
            shown = again.select("line", pl.col("key").cast(pl.String)).head(SHOWN).rows()
            self._complain("repeated_key", key, shown, before, again.height)

    def _complain(
        self, code: str, column: str, shown: Sequence[tuple[int, str]], what: str, count: int
    ) -> None:
        places = [problems.spot(line, column, value) for line, value in shown]
        word, name = self.source.line_word.capitalize(), self.source.name
        message = f"{word} {places[0]['line']:,} of '{name}', column '{column}': "
        message += f"'{places[0]['value']}' {what}."
        if count > 1:
            message += f" The same goes for {count - 1:,} more values."
        self.found.append(problems.error(code, message, count=count, places=places))


def _usable(values: pl.Series) -> pl.Series:
    usable = values.is_finite() & (values.abs() <= LARGEST)
    return usable.fill_null(value=False)
