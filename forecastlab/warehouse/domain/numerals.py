"""How people write numbers: 1,234.56 or 1.234,56 or 1 234,56, with a minus and a currency.

The whole column is looked at before one value is read, since '1,234' alone says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

_SPACES = " \u00a0\u2007\u2009\u202f'\u2019"
_CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|NZD|INR|BRL|MXN|ZAR|TRY|RUB|KRW|SGD|"
    "HKD|AED|SAR|ILS|RON|BGN"
)
_CURRENCY = rf"(?:[€$£¥₹₩₽₺]|{_CODES}|kr\.?|zł|Fr\.?)"
_SIGN, _POWER = r"^[+-]?", r"(?:[eE][+-]?\d{1,3})?$"


def _written(point: str, groups: str) -> str:
    """Return the pattern of numbers with this decimal sign and these signs between thousands."""
    whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:[{groups}]\d{{3}})+)"
    return rf"{_SIGN}(?:{whole}(?:{point}\d*)?|{point}\d+){_POWER}"


_WITH_POINT = _written(r"\.", f",{_SPACES}")
_WITH_COMMA = _written(",", f".{_SPACES}")
# Either reading makes a number of it, and not the same: 1,234 and 1.234.
_EITHER = {sign: rf"{_SIGN}[1-9]\d{{0,2}}[{sign}]\d{{3}}$" for sign in ".,"}
_ONE, _ZERO = r"(?i)^\s*(?:true|yes|ja|oui)\s*$", r"(?i)^\s*(?:false|no|nein|non)\s*$"
_BLANK = r"(?i)^\s*(?:#?n/a|na|null|[-\u2013\u2014])\s*$"


@dataclass(frozen=True, slots=True)
class Numeral:
    """How the numbers of one column are to be read.

    `plain` needs no more than a cast, and a look at true and no where there are `words`.
    `decimal` is "." or ",", "" when that cannot be told. `blanks` counts values such as n/a, which
    are unknown.
    """

    plain: bool = True
    decimal: str = "."
    words: bool = True
    blanks: int = 0


def tidy(text: pl.Expr) -> pl.Expr:
    """Return a number without spaces around it and currency, its minus in front."""
    trimmed = text.str.strip_chars().str.replace_all("[\u2212\u2013]", "-")
    return (
        trimmed.str.replace(r"^\((.*)\)$", "-${1}")
        .str.replace(r"^(.*\S)\s*-$", "-${1}")
        .str.replace(rf"^([+-]?)\s*{_CURRENCY}\s*([+-]?[\d.,])", "${1}${2}")
        .str.replace(rf"(\d[.,]?)\s*{_CURRENCY}$", "${1}")
    )


def currency(text: pl.Expr) -> pl.Expr:
    """Return the currency beside a number, null where there is none."""
    trimmed = text.str.strip_chars()
    before = trimmed.str.extract(rf"^[+(-]*\s*({_CURRENCY})\s*[+-]?[\d.,]", 1)
    return pl.coalesce(before, trimmed.str.extract(rf"\d[.,]?\s*({_CURRENCY})\)?-?$", 1))


def _cast(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().cast(pl.Float64, strict=False)


def _spoken(text: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
    """Return 1 for true and yes, 0 for false and no."""
    one, zero = text.str.contains(_ONE), text.str.contains(_ZERO)
    return pl.when(one).then(1.0).when(zero).then(0.0).otherwise(otherwise)


def _odd(text: pl.Expr) -> pl.Expr:
    """Say where something is given that is neither a number as computers write it nor a word."""
    said = text.str.contains(_ONE) | text.str.contains(_ZERO)
    return (text.str.strip_chars() != "") & _cast(text).is_null() & ~said


def glance(column: str) -> list[pl.Expr]:
    """Return counts of a column of text that are quickly made, each named after it.

    They suffice where nothing is odd and a point stands where only a decimal one can; `survey`
    looks closer.
    """
    text = pl.col(column)
    counts = {
        "odd": _odd(text),
        "words": text.str.contains(_ONE) | text.str.contains(_ZERO),
        "points": text.str.contains(".", literal=True),
        "either_point": text.str.strip_chars().str.contains(_EITHER["."]),
    }
    return [count.sum().alias(f"{name}:{column}") for name, count in counts.items()]


def is_plain(column: str, counts: Mapping[str, int], wanted: str = "") -> bool:
    """Say whether the counts of `glance` leave nothing open."""
    points = counts[f"points:{column}"]
    settled = wanted == "." or not points or (not wanted and has_point(column, counts))
    return not counts[f"odd:{column}"] and settled


def has_point(column: str, counts: Mapping[str, int]) -> bool:
    """Say whether the counts of `glance` show a point that can only be a decimal one."""
    return counts[f"points:{column}"] > counts[f"either_point:{column}"]


def survey(column: str) -> list[pl.Expr]:
    """Return the counts that `decide` needs of a column of text, each named after it."""
    text = pl.col(column)
    clean = tidy(text)
    point, comma = clean.str.contains(_WITH_POINT), clean.str.contains(_WITH_COMMA)
    counts = {
        "odd": _odd(text),
        "point_only": point & ~comma,
        "comma_only": comma & ~point,
        "either_point": clean.str.contains(_EITHER["."]),
        "either_comma": clean.str.contains(_EITHER[","]),
        "blanks": blank(text),
    }
    return [count.sum().alias(f"{name}:{column}") for name, count in counts.items()]


def decide(
    counts: Mapping[str, int], columns: list[str], wanted: str = "", *, point: bool = False
) -> dict[str, Numeral]:
    """Return how each column is to be read, from the counts of `survey`.

    A column that can be read in two ways follows the other columns of the file, of which
    `point` says that one has a decimal point.
    """
    found = {one: _alone(one, counts, wanted) for one in columns}
    told = {"."} if point else set()
    for sign, name in ((".", "point_only"), (",", "comma_only")):
        told |= {sign for one in columns if counts[f"{name}:{one}"]}
    only = told.pop() if len(told) == 1 else ""
    settled = {
        column: Numeral(plain=only == "." and not counts[f"odd:{column}"], decimal=only)
        if not one.decimal
        else one
        for column, one in found.items()
    }
    return {
        column: replace(one, blanks=counts[f"blanks:{column}"]) for column, one in settled.items()
    }


def _alone(column: str, counts: Mapping[str, int], wanted: str) -> Numeral:
    def count(name: str) -> int:
        return counts[f"{name}:{column}"]

    signs = count("either_point") + count("either_comma")
    odd, points, commas = count("odd"), count("point_only"), count("comma_only")
    if wanted:
        plain = not odd and (wanted == "." or not signs + points)
        return Numeral(plain=plain, decimal=wanted)
    if points != commas:
        comma = commas > points
        return Numeral(plain=not odd and not comma, decimal="," if comma else ".")
    if signs:
        return Numeral(plain=False, decimal="")
    if points:
        return Numeral(plain=False)
    return Numeral(plain=not odd)


def blank(text: pl.Expr) -> pl.Expr:
    """Say which values are words and signs for a number that is not known."""
    return text.str.contains(_BLANK)


def undecided(column: str) -> pl.Expr:
    """Say which values of a column can be read with a point and with a comma."""
    clean = tidy(pl.col(column))
    return clean.str.contains(_EITHER["."]) | clean.str.contains(_EITHER[","])


def number(text: pl.Expr, numeral: Numeral) -> pl.Expr:
    """Return the numbers of a text; null where there is none."""
    if numeral.plain:
        return _spoken(text, _cast(text)) if numeral.words else _cast(text)
    clean = tidy(text)
    comma = numeral.decimal == ","
    groups = clean.str.replace_all(f"[{'.' if comma else ','}{_SPACES}]", "")
    digits = groups.str.replace(",", ".", literal=True) if comma else groups
    fits = clean.str.contains(_WITH_COMMA if comma else _WITH_POINT)
    return _spoken(text, pl.when(fits).then(digits.cast(pl.Float64, strict=False)))
