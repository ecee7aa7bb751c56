"""Turning columns of text (or of Parquet) into keys, moments and numbers, as lazy expressions.

A value that cannot be read becomes null here; `bad` marks it, so that the row can be named.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

import polars as pl

from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.roles import ROLES

DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
)
_WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
MOMENT = pl.Datetime("us")
# Far from what a real could not hold or a sum could not add up.
LARGEST = 1e15
FIRST_YEAR, LAST_YEAR = 1800, 2199
# More periods than any series has.
LAST_PERIOD = 10_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are to be read; what is left empty is guessed.

    `undated`: the column of dates holds whole numbers of periods instead, from 0.
    """

    undated: bool = False


GUESSED = Reading()


@dataclass(frozen=True, slots=True)
class Parsed:
    """One staged column: its value, and where it was given but cannot be used."""

    name: str
    column: str
    value: pl.Expr
    bad: pl.Expr
    complaint: str


def moment_format(sample: pl.Series) -> tuple[str, bool]:
    """Return the format that reads most of the sample, and whether another reads as much.

    Only 03/04/2024 can be read in two ways; it is settled when any day is above 12.
    """
    texts = sample.cast(pl.String).str.strip_chars().drop_nulls()
    read = {one: _readable(texts, one) for one in DATE_FORMATS}
    best = max(DATE_FORMATS, key=lambda one: read[one])
    twin = {"%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y"}.get(best)
    return best, bool(twin and read[twin] == read[best])


def _readable(texts: pl.Series, form: str) -> int:
    return texts.len() - texts.str.strptime(MOMENT, form, strict=False).null_count()


def parsed(
    mapping: Mapping,
    types: Dictionary[str, pl.DataType],
    moments: str = "",
    reading: Reading = GUESSED,
) -> list[Parsed]:
    """Return the staged columns of a mapping over columns of these types."""
    columns = [_key(role, mapping) for role in ("series", "store", "product")]
    out = [one for one in columns if one is not None]
    ds = mapping.column("ds") or ""
    out.append(_period(ds) if reading.undated else _moment(ds, types[ds], moments))
    for one in mapping.numbers():
        out.append(_number(one.role, one.column, types[one.column], one.divisor))
    for place, signal in enumerate(mapping.signals):
        out.append(_number(f"signal_{place}", signal.column, types[signal.column], 1.0))
    return out


def _key(role: str, mapping: Mapping) -> Parsed | None:
    column = mapping.column(role)
    if column is None:
        return None
    value = pl.col(column).cast(pl.String).str.strip_chars()
    unkept = value.str.contains("\x00", literal=True)
    bad = value.is_null() | (value == "") | (value.str.len_chars() > 200) | unkept
    complaint = "is empty, longer than 200 characters or holds a zero byte"
    return Parsed(role, column, value, bad, complaint)


def _period(column: str) -> Parsed:
    value = pl.col(column).cast(pl.String).str.strip_chars().cast(pl.Int32, strict=False)
    bad = value.is_null() | ~value.is_between(0, LAST_PERIOD)
    return Parsed("ds", column, value, bad, "is not the number of a period, counted from 0")


def _moment(column: str, kind: pl.DataType, form: str) -> Parsed:
    source = pl.col(column)
    if isinstance(kind, pl.Datetime):
        value = source.dt.replace_time_zone(None).cast(MOMENT)
    elif kind == pl.Date:
        value = source.cast(MOMENT)
    else:
        text = source.cast(pl.String).str.strip_chars()
        value = text.str.strptime(MOMENT, form or DATE_FORMATS[0], strict=False)
    within = value.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    bad = value.is_null() | ~within.fill_null(value=False)
    complaint = f"is not a date from {FIRST_YEAR} to {LAST_YEAR}; write 2024-12-31"
    return Parsed("ds", column, value, bad, complaint)


def _number(name: str, column: str, kind: pl.DataType, divisor: float) -> Parsed:
    source = pl.col(column)
    if kind == pl.String:
        text = source.str.strip_chars()
        given = text.is_not_null() & (text != "")
        words = text.str.to_lowercase().replace_strict(
            _WORDS, default=None, return_dtype=pl.Float64
        )
        number = pl.coalesce(text.cast(pl.Float64, strict=False), words)
    else:
        number = source.cast(pl.Float64, strict=False)
        given = source.is_not_null() & number.is_not_nan().fill_null(value=True)
    unusable = given & (number.is_null() | ~number.is_finite())
    unusable = unusable | ((number / divisor).abs() > LARGEST).fill_null(value=False)
    value = pl.when(unusable | ~given).then(None).otherwise(number / divisor)
    return Parsed(name, column, value, unusable | _outside(name, value), _complaint(name))


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
