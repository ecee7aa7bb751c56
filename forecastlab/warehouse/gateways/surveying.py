"""A look at a whole column before its values are read: how its dates and numbers are written."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

import polars as pl

from forecastlab.warehouse.domain import moments, numerals, parsing, problems
from forecastlab.warehouse.domain.formats import FileUnusable
from forecastlab.warehouse.domain.mapping import Mapping
from forecastlab.warehouse.domain.moments import Read
from forecastlab.warehouse.domain.numerals import Numeral
from forecastlab.warehouse.domain.parsing import LOST, OFFSET, WALL_TIME, Insight, Reading
from forecastlab.warehouse.domain.problems import SHOWN, Problem
from forecastlab.warehouse.gateways.files import ROW_NUMBER, Readable

# Hours of more than a century; beyond it a column holds anything but dates.
MOST_MOMENTS = 1_000_000
_KEYS = ("series", "store", "product")


@dataclass(frozen=True, slots=True)
class Survey:
    """The rows with what their dates mean beside them, how to read them, and what was found."""

    frame: pl.LazyFrame
    insight: Insight
    found: list[Problem]
    # Minutes ahead of UTC, where the times say so.
    offset: pl.Expr | None = None


def survey(source: Readable, mapping: Mapping, reading: Reading) -> Survey:
    """Look at all values of the columns that a mapping needs.

    Raises FileUnusable for a column whose type holds no values of that kind.
    """
    _check_types(source, mapping)
    used = [*(one.column for one in mapping.numbers()), *(one.column for one in mapping.signals)]
    numbers, found = numerals_of(source, used, reading)
    column = mapping.column("ds") or ""
    kind = source.types[column]
    if reading.undated or isinstance(kind, pl.Datetime | pl.Date):
        zoned = isinstance(kind, pl.Datetime) and bool(kind.time_zone)
        found += [_no_zone(source, column)] if zoned and not reading.timezone else []
        offset = parsing.offset(column, reading.timezone) if zoned else None
        return Survey(source.scan(), Insight(numbers), found, offset)
    read = moments.read(_distinct(source, column), reading.dates, reading.timezone)
    found += _about_dates(source, column, read, reading)
    names = {"text": column, "ds": WALL_TIME, "offset": OFFSET, "lost": LOST}
    meaning = read.table.lazy().select(pl.col(old).alias(new) for old, new in names.items())
    rows = source.scan().with_columns(pl.col(column).cast(pl.String))
    frame = rows.join(meaning, on=column, how="left", maintain_order="left")
    offset = pl.col(OFFSET) if read.has_offsets else None
    return Survey(frame, Insight(numbers, _advice(read)), found, offset)


def _check_types(source: Readable, mapping: Mapping) -> None:
    columns = {one.column: one.role for one in mapping.placed}
    columns |= {one.column: "signal" for one in mapping.signals}
    for column, role in columns.items():
        kind = source.types[column]
        whole = kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Null)
        timed = kind.is_temporal() and role not in {"ds", *_KEYS}
        if whole or timed or (role == "ds" and kind in (pl.Time, pl.Duration, pl.Boolean)):
            raise FileUnusable(
                f"Column '{column}' of '{source.name}' holds values of type {kind}, which cannot "
                f"be {'a ' + role if role != 'ds' else 'dates'}.",
                hint="Map another column or change its type.",
                field="map",
            )


def _distinct(source: Readable, column: str) -> pl.Series:
    texts = source.scan().select(pl.col(column).cast(pl.String)).unique()
    found = texts.head(MOST_MOMENTS + 1).collect(engine="streaming").to_series()
    if found.len() > MOST_MOMENTS:
        example = str(found.drop_nulls()[0])
        raise FileUnusable(
            f"Column '{column}' has more than {MOST_MOMENTS:,} different values, such as "
            f"'{example}': that cannot be dates.",
            hint="Map another column: ds=COLUMN.",
            field="map",
        )
    return found


# -- dates -------------------------------------------------------------------------------------


def _about_dates(source: Readable, column: str, read: Read, reading: Reading) -> list[Problem]:
    found = []
    if read.form and read.other:
        found.append(two_ways(column, read))
    elif read.form and read.form.order and not reading.dates:
        message = f"Dates of column '{column}' were read with the {read.form.order}, "
        message += f"like {read.form.example}; no other way fits them all."
        found.append(problems.note("dates", message))
    found += _mixed_dates(source, column, read)
    if read.has_offsets and not reading.timezone:
        found.append(_no_zone(source, column))
    return found


def _mixed_dates(source: Readable, column: str, read: Read) -> list[Problem]:
    others = read.table.filter(pl.col("form") != (read.form.example if read.form else ""))
    if others.is_empty() or read.form is None:
        return []
    ways = ", ".join([read.form.example, *sorted(set(others["form"]))])
    line, value = _first(source, column, pl.col(column).is_in(others["text"].implode()))
    message = f"Dates of column '{column}' are written in several ways, like {ways}; all were read."
    message += f" The first that is not like most is '{value}' in {source.line_word} {line:,}."
    return [problems.note("mixed_dates", message, places=[problems.spot(line, column, value)])]


def two_ways(column: str, read: Read) -> Problem:
    text = str(read.table["text"].min())
    return problems.error(
        "ambiguous_dates",
        f"Column '{column}' can be read with the day or the month first, as in '{text}'; "
        f"say which: --dates '{moments.DAY_FIRST}' or --dates '{moments.MONTH_FIRST}'.",
    )


def _no_zone(source: Readable, column: str) -> Problem:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    line, value = _first(source, column, text.str.contains(moments.WITH_OFFSET))
    return problems.error(
        "no_timezone",
        f"{source.line_word.capitalize()} {line:,}, column '{column}': '{value}' says how far it "
        "is from UTC. Say in which time zone sales are counted: --timezone Europe/Berlin.",
        places=[problems.spot(line, column, value)],
    )


def _advice(read: Read) -> str:
    """Return how a value that was not understood should have been written."""
    texts = read.table["text"].head(SHOWN).to_list()
    if read.form is None:
        return moments.hint(texts) or "write 2024-12-31"
    kind = read.table.filter(pl.col("ds").is_not_null())["offset"]
    beside = ""
    if read.has_offsets:
        beside = " with its offset from UTC" if kind.null_count() == 0 else ""
    return f"write it like the others, {read.form.example}{beside}"


# -- numbers -----------------------------------------------------------------------------------


def numerals_of(
    source: Readable, used: Iterable[str], reading: Reading
) -> tuple[dict[str, Numeral], list[Problem]]:
    """Return how the numbers of columns of text are written, and what that leaves open."""
    columns = [one for one in used if source.types[one] == pl.String]
    if not columns:
        return {}, []
    counts = _counts(source, [one for column in columns for one in numerals.glance(column)])
    open_ones = [one for one in columns if not numerals.is_plain(one, counts, reading.decimal)]
    spoken = {
        one: Numeral(words=bool(counts[f"words:{one}"])) for one in columns if one not in open_ones
    }
    if not open_ones:
        return spoken, []
    point = any(numerals.has_point(one, counts) for one in columns)
    closer = _counts(source, [one for column in open_ones for one in numerals.survey(column)])
    decided = numerals.decide(closer, open_ones, reading.decimal, point=point)
    found = [
        problem
        for column in open_ones
        for problem in _about_numbers(source, column, decided[column], reading)
    ]
    return {**spoken, **decided}, found


def _counts(source: Readable, counted: list[pl.Expr]) -> Dictionary[str, int]:
    return source.scan().select(counted).collect(engine="streaming").row(0, named=True)


def _about_numbers(
    source: Readable, column: str, numeral: Numeral, reading: Reading
) -> list[Problem]:
    if numeral.plain:
        return []
    if not numeral.decimal:
        line, value = _first(source, column, numerals.undecided(column))
        return [
            problems.error(
                "ambiguous_numbers",
                f"{source.line_word.capitalize()} {line:,}, column '{column}': '{value}' can be "
                "more than a thousand or little more than one. Say what stands before the "
                "decimals: --decimal . or --decimal ,",
                places=[problems.spot(line, column, value)],
            )
        ]
    return [
        *_currencies(source, column),
        *_commas(source, column, numeral, reading),
        *(_blanks(source, column, numeral.blanks) if numeral.blanks else []),
    ]


def _blanks(source: Readable, column: str, count: int) -> list[Problem]:
    line, value = _first(source, column, numerals.blank(pl.col(column)))
    message = f"Values of column '{column}' that were read as unknown: {count:,}. First: '{value}' "
    message += f"in {source.line_word} {line:,}."
    places = [problems.spot(line, column, value)]
    return [problems.note("blanks", message, count=count, places=places)]


def _commas(source: Readable, column: str, numeral: Numeral, reading: Reading) -> list[Problem]:
    if numeral.decimal != "," or reading.decimal:
        return []
    # A column of 1.234 alone follows the others of the file and has no comma itself.
    line, value = _first(source, column, pl.col(column).str.contains("[.,]"))
    where = f"{source.line_word} {line:,}: '{value}'"
    message = f"Column '{column}' was read with a decimal comma, as in {where}."
    return [problems.note("decimal_comma", message, places=[problems.spot(line, column, value)])]


def _currencies(source: Readable, column: str) -> list[Problem]:
    named = numerals.currency(pl.col(column)).alias("currency")
    rows = source.scan().select(pl.col(ROW_NUMBER), pl.col(column), named)
    firsts = (
        rows.drop_nulls("currency")
        .group_by("currency")
        .agg(pl.col(ROW_NUMBER).min(), pl.len().alias("rows"))
        .collect(engine="streaming")
        .sort(ROW_NUMBER)
    )
    if firsts.is_empty():
        return []
    places = [problems.spot(line, column, name) for name, line, _rows in firsts.head(SHOWN).rows()]
    if firsts.height == 1:
        name, _line, count = firsts.row(0)
        message = f"Column '{column}': the currency {name} was left out of {count:,} values."
        return [problems.note("currency", message, count=count, places=places)]
    shown = " and ".join(f"{one['value']} ({source.line_word} {one['line']:,})" for one in places)
    message = f"Column '{column}' has amounts in {shown}: convert them into one currency."
    return [problems.error("mixed_currencies", message, count=firsts.height, places=places)]


def _first(source: Readable, column: str, wanted: pl.Expr) -> tuple[int, str]:
    rows = source.scan().filter(wanted).select(ROW_NUMBER, pl.col(column).cast(pl.String))
    line, value = rows.head(1).collect().row(0)
    return int(line), str(value)
