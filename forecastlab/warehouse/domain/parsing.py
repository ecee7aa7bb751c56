"""Turning columns of text (or of Parquet) into keys, moments and numbers, as lazy expressions.

A value that cannot be read becomes null here; `bad` marks it, so that the row can be named.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field

import polars as pl

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain import moments, numerals
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.moments import FIRST_YEAR, LAST_YEAR, MOMENT
from forecastlab.warehouse.domain.numerals import Numeral
from forecastlab.warehouse.domain.roles import ROLES

# What the dates of a column of text mean, how many minutes they are ahead of UTC, and whether they
# name a day that no calendar has: columns that are joined to the rows before these expressions see
# them.
WALL_TIME, OFFSET, LOST = "__ds__", "__offset__", "__lost__"
# Far from what a real could not hold or a sum could not add up.
LARGEST = 1e15
# More periods than any series has.
LAST_PERIOD = 10_000_000
DECIMALS = ("", ".", ",")


class ReadingUnusable(BadInput):
    """Numbers cannot be read in this way."""

    code = "reading_unusable"


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are to be read; what is left empty is guessed.

    `decimal` is "." or ","; `dates` as in moments.check_dates; `timezone` is the IANA name of
    the zone whose wall time is kept. `periods`: the column of dates holds whole numbers of
    periods, from 0, though `dates` does not say so.
    """

    decimal: str = ""
    dates: str = ""
    timezone: str = ""
    periods: bool = False

    @property
    def undated(self) -> bool:
        return self.periods or self.dates == moments.NUMBERED

    def check(self) -> None:
        """Raise ReadingUnusable or DatesUnusable for what no file could be read with."""
        if self.decimal not in DECIMALS:
            raise ReadingUnusable(
                f"'{self.decimal}' is not a decimal sign. Accepted: '.' and ','.", field="decimal"
            )
        moments.check_dates(self.dates)
        moments.check_zone(self.timezone)


GUESSED = Reading()


@dataclass(frozen=True, slots=True)
class Insight:
    """What a look at the whole file has told: how numbers are written, and how dates are."""

    numerals: Dictionary[str, Numeral] = field(default_factory=dict)
    dates: str = "write 2024-12-31"


@dataclass(frozen=True, slots=True)
class Parsed:
    """One staged column: its value, and where it was given but cannot be used."""

    name: str
    column: str
    value: pl.Expr
    bad: pl.Expr
    complaint: str
    fault: str = ""

    @property
    def code(self) -> str:
        return self.fault or f"bad_{self.name}"


def parsed(
    mapping: Mapping, types: Dictionary[str, pl.DataType], reading: Reading, insight: Insight
) -> list[Parsed]:
    """Return the staged columns of a mapping over columns of these types."""
    out = [one for role in ("series", "store", "product") for one in _key(role, mapping)]
    ds = mapping.column("ds") or ""
    out += [_period(ds)] if reading.undated else _moment(ds, types[ds], reading, insight)
    for one in mapping.numbers():
        out.append(_number(one.role, one.column, types, insight, one.divisor))
    for place, signal in enumerate(mapping.signals):
        out.append(_number(f"signal_{place}", signal.column, types, insight))
    return out


def offset(column: str, timezone: str) -> pl.Expr:
    """Return how many minutes the wall time of a column with a zone is ahead of UTC."""
    utc = moments.wall_time(pl.col(column), "UTC")
    away = moments.wall_time(pl.col(column), timezone or "UTC") - utc
    return away.dt.total_minutes().cast(pl.Int32)


def _key(role: str, mapping: Mapping) -> list[Parsed]:
    column = mapping.column(role)
    if column is None:
        return []
    value = pl.col(column).cast(pl.String).str.strip_chars()
    unkept = value.str.contains("\x00", literal=True)
    unkept = ((value.str.len_chars() > 200) | unkept).fill_null(value=False)
    blank = value.is_null() | (value == "")
    return [
        Parsed(role, column, value, blank, "is empty; every row needs one"),
        Parsed(role, column, value, unkept, "is longer than 200 characters or holds a zero byte"),
    ]


def _period(column: str) -> Parsed:
    value = pl.col(column).cast(pl.String).str.strip_chars().cast(pl.Int32, strict=False)
    bad = value.is_null() | ~value.is_between(0, LAST_PERIOD)
    return Parsed("ds", column, value, bad, "is not the number of a period, counted from 0")


def _moment(column: str, kind: pl.DataType, reading: Reading, insight: Insight) -> list[Parsed]:
    source, lost = pl.col(column), None
    if isinstance(kind, pl.Datetime) and kind.time_zone:
        value = moments.wall_time(source, reading.timezone or kind.time_zone)
    elif isinstance(kind, pl.Datetime | pl.Date):
        value = source.cast(MOMENT)
    else:
        value, lost = pl.col(WALL_TIME), pl.col(LOST).fill_null(value=False)
    within = value.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    bad = value.is_null() | ~within.fill_null(value=False)
    complaint = f"is not a date from {FIRST_YEAR} to {LAST_YEAR}; {insight.dates}"
    if lost is None:
        return [Parsed("ds", column, value, bad, complaint)]
    no_day = Parsed("ds", column, value, lost, "is a day that does not exist", "no_such_day")
    return [Parsed("ds", column, value, bad & ~lost, complaint), no_day]


def _number(
    name: str,
    column: str,
    types: Dictionary[str, pl.DataType],
    insight: Insight,
    divisor: float = 1.0,
) -> Parsed:
    source, numeral = pl.col(column), insight.numerals.get(column, Numeral())
    if types[column] == pl.String:
        given = source.is_not_null() & (source.str.strip_chars() != "")
        given = given & ~numerals.blank(source) if numeral.blanks else given
        number = numerals.number(source, numeral)
    else:
        number = source.cast(pl.Float64, strict=False)
        given = source.is_not_null() & number.is_not_nan().fill_null(value=True)
    unusable = given & (number.is_null() | ~number.is_finite())
    unusable = unusable | ((number / divisor).abs() > LARGEST).fill_null(value=False)
    value = pl.when(unusable | ~given).then(None).otherwise(number / divisor)
    complaint = _complaint(name) + _written(numeral)
    return Parsed(name, column, value, unusable | _outside(name, value), complaint)


def _outside(name: str, value: pl.Expr) -> pl.Expr:
    role = ROLES.get(name)
    outside = pl.lit(value=False)
    if role is not None and role.low is not None:
        outside = outside | (value < role.low).fill_null(value=False)
    if role is not None and role.high is not None:
        outside = outside | (value > role.high + 1e-9).fill_null(value=False)
    return outside


def _complaint(name: str) -> str:
    role = ROLES.get(name)
    if role is None or role.low is None:
        return "is not a number, or beyond 1e15; leave it empty for unknown"
    if role.high is None:
        return "is not a number from 0 to 1e15; leave it empty for unknown"
    return f"is not a number from 0 to 1; divide the column: --map {name}=COLUMN/NUMBER"


def _written(numeral: Numeral) -> str:
    if numeral.plain or not numeral.decimal:
        return ""
    word = "comma" if numeral.decimal == "," else "point"
    return f" (numbers of this column have a decimal {word}; --decimal changes that)"
