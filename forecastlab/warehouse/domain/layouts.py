"""How a table lays its sales out, and what the columns of one that is not long stand for.

long: a row for each series and period. wide: a row for each series and a column for each date, or
a row for each date and a column for each series. m4: a row for each series, its values in order
and without dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from forecastlab.warehouse.domain import mapping, moments
from forecastlab.warehouse.domain.mapping import MappingUnusable, Placed
from forecastlab.warehouse.domain.roles import KEYS

LONG, WIDE, M4 = "long", "wide", "m4"
LAYOUTS = (LONG, WIDE, M4)
_M4_HEADING = re.compile(r"V\d+")
# Fewer columns than this are not taken for dates or series unasked.
LEAST = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """What the columns of a table mean that is not long.

    `keys` are the columns that stay beside each value, `values` those that become rows. The
    headings of the values are the dates where `dated`, else the series; in M4 they mean nothing.
    """

    keys: tuple[Placed, ...]
    values: tuple[str, ...]
    dropped: tuple[str, ...]
    dated: bool = False


def guess(headings: Sequence[str], first_rows: pl.DataFrame) -> str:
    """Return the layout that the headings, and where they leave it open the rows, speak for."""
    if len(set(headings)) < len(headings):
        return LONG
    if len(headings) > LEAST and all(_M4_HEADING.fullmatch(one) for one in headings):
        return M4
    if _has_dates(headings, _dates(headings)):
        return WIDE
    guessed = mapping.guess(headings)
    others = [one for one in headings if one not in {two.column for two in guessed}]
    only_date = [one.role for one in guessed] == ["ds"]
    if only_date and len(others) >= LEAST and _are_numbers(first_rows, others):
        return WIDE
    return LONG


def shape(
    layout: str,
    headings: Sequence[str],
    placed: Sequence[Placed],
    *,
    guessing: bool = True,
    written: str = "",
) -> Shape:
    """Return what the columns mean; what `placed` says goes before what is guessed.

    `written` is how dates are, as in moments.check_dates.

    Raises MappingUnusable when it cannot be told, or `placed` names what a wide table has not.
    """
    mapping.check(headings, placed)
    roles = {one.role for one in placed}
    for one in placed:
        if one.role not in KEYS:
            raise MappingUnusable(
                f"In layout {layout} every value is a quantity, so '{one.column}' cannot be "
                f"{one.role}. Leave it out.",
                field="map",
            )
    if layout == M4:
        return _m4(headings, placed, guessing=guessing)
    dates = _dates(headings, written)
    if "ds" in roles or (not roles and not _has_dates(headings, dates)):
        return _row_a_date(headings, placed, guessing=guessing)
    return _row_a_series(headings, placed, dates, guessing=guessing)


def _m4(headings: Sequence[str], placed: Sequence[Placed], *, guessing: bool) -> Shape:
    keys = list(placed) or ([Placed("series", headings[0])] if guessing else [])
    _require_keys(keys, headings)
    if any(one.role == "ds" for one in keys):
        raise MappingUnusable("Layout m4 has no dates: leave out ds.", field="map")
    return Shape(tuple(keys), _rest(headings, keys), ())


def _row_a_series(
    headings: Sequence[str], placed: Sequence[Placed], dates: set[str], *, guessing: bool
) -> Shape:
    keys = list(placed)
    names = [one for one in headings if one not in dates]
    if not keys and guessing:
        keys = [one for one in mapping.guess(names) if one.role in KEYS and one.role != "ds"]
        keys = keys or [Placed("series", one) for one in names[:1]]
    _require_keys(keys, headings)
    rest = _rest(headings, keys)
    places = [place for place, one in enumerate(rest) if one in dates]
    if not places:
        raise MappingUnusable(
            f"No heading is a date. The file has {_some(headings)}. Map the column of dates "
            "(ds=COLUMN) when each row is a date, or give --layout long.",
            field="layout",
        )
    # What stands between two dates and is none is a date that cannot be read: say so later.
    values = rest[places[0] : places[-1] + 1]
    return Shape(tuple(keys), values, tuple(one for one in rest if one not in values), dated=True)


def _row_a_date(headings: Sequence[str], placed: Sequence[Placed], *, guessing: bool) -> Shape:
    ds = [one for one in placed if one.role == "ds"]
    if not ds and guessing:
        ds = [one for one in mapping.guess(headings) if one.role == "ds"]
    if not ds:
        raise MappingUnusable(
            f"Neither a heading nor a column is a date. The file has {_some(headings)}. Map the "
            "column of dates (ds=COLUMN), or give --layout long.",
            field="layout",
        )
    others = [one for one in placed if one.role != "ds"]
    if others:
        raise MappingUnusable(
            f"Where each row is a date, the headings are the series: '{others[0].column}' cannot "
            f"be {others[0].role}. Leave it out.",
            field="map",
        )
    return Shape(tuple(ds), _rest(headings, ds), ())


def _dates(headings: Sequence[str], written: str = "") -> set[str]:
    """Return the headings that are dates, or numbers of periods where it is said so."""
    if written == moments.NUMBERED:
        return {one for one in headings if one.strip().isdecimal()}
    read = moments.read(pl.Series("headings", list(headings), dtype=pl.String), written).table
    return set(read.filter(pl.col("ds").is_not_null())["text"])


def _has_dates(headings: Sequence[str], dates: set[str]) -> bool:
    return len(dates) >= LEAST and 2 * len(dates) >= len(headings)


def _are_numbers(rows: pl.DataFrame, columns: Sequence[str]) -> bool:
    texts = [rows[one].cast(pl.String).str.strip_chars() for one in columns]
    given = sum((one.fill_null("") != "").sum() for one in texts)
    numbers = sum(one.cast(pl.Float64, strict=False).count() for one in texts)
    return 0 < numbers == given


def _require_keys(keys: Sequence[Placed], headings: Sequence[str]) -> None:
    if not keys:
        raise MappingUnusable(
            f"No column tells series apart. The file has {_some(headings)}. Map series=COLUMN, or "
            "store=COLUMN and product=COLUMN.",
            field="series",
        )


def _rest(headings: Sequence[str], keys: Sequence[Placed]) -> tuple[str, ...]:
    taken = {one.column for one in keys}
    return tuple(one for one in headings if one not in taken)


def _some(headings: Sequence[str]) -> str:
    return ", ".join(headings[:8]) + (", ..." if len(headings) > 8 else "")
