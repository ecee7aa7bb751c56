"""A planner's numbers beside the model's: what is asked for, and how it is spread.

Numbers are kept in hundredths of a unit while they are spread, so that what the parts come to is
exactly what was asked for. Arrays are series x periods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from difflib import SequenceMatcher
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forecastlab.lib.errors import BadInput

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_UNITS = Decimal(1_000_000_000)
MOST_PERCENT = Decimal(10_000)
# More numbers than this are no planner's work: a smaller scope or fewer periods at a time.
MOST_CELLS = 50_000
LONGEST_NOTE = 500


class Reason(StrEnum):
    """Why a planner knows better, one word each, so that value added can be told apart by it."""

    PROMOTION = "promotion"
    EVENT = "event"
    PRICE = "price"
    SUPPLY = "supply"
    ASSORTMENT = "assortment"
    WEATHER = "weather"
    MODEL = "model"
    OTHER = "other"


class Way(StrEnum):
    """What the number of an override means for its scope and its span of periods."""

    EACH = "each"
    TOTAL = "total"
    PERCENT = "percent"
    MODEL = "model"


def read_reason(text: str, *, field: str = "reason") -> str:
    """Return a reason; raises BadInput naming those there are."""
    wanted = text.strip().lower()
    if wanted not in set(Reason):
        there = ", ".join(Reason)
        said = f"'{text.strip()}' is no reason." if wanted else "The reason is missing."
        raise BadInput(said, hint=f"There are: {there}.", field=field)
    return wanted


def read_way(text: str) -> Way:
    if text not in set(Way):
        raise BadInput(f"There is no way '{text}'.", hint=f"Take {', '.join(Way)}.", field="way")
    return Way(text)


def check_note(note: str) -> str:
    if len(note) > LONGEST_NOTE:
        raise BadInput(f"A note has at most {LONGEST_NOTE} characters.", field="note")
    return note.strip()


def check_once(buckets: Sequence[tuple[int, str]]) -> None:
    """Raise BadInput where the same series and period are there more than once."""
    if len(set(buckets)) < len(buckets):
        raise BadInput(
            "The same series and period is there twice.",
            hint="Leave one of both out.",
            field="numbers",
        )


def read_units(text: str, *, decimal: str = ".", field: str = "amount") -> Decimal:
    """Return a number of units, 0 to a thousand million, in hundredths; raises BadInput.

    `decimal` is the sign before the decimals; the other of comma and point is refused rather than
    guessed at.
    """
    value = _read_number(text, decimal, field)
    if value < 0:
        raise BadInput(
            f"{text.strip()} is less than nothing.", hint="Give 0 or more units.", field=field
        )
    if value > MOST_UNITS:
        raise BadInput(
            f"{text.strip()} is more than anybody sells.",
            hint=f"Give at most {MOST_UNITS:,} units.",
            field=field,
        )
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def read_percent(text: str) -> Decimal:
    """Return a change in percent, from -100; raises BadInput."""
    value = _read_number(text.replace("%", "").replace("\N{MINUS SIGN}", "-"), ".", "amount")
    if not -100 <= value <= MOST_PERCENT:
        raise BadInput(
            f"A change of {text.strip()} % is none.",
            hint=f"Give -100 to {MOST_PERCENT:,} percent.",
            field="amount",
        )
    return value


def _read_number(text: str, decimal: str, field: str) -> Decimal:
    plain = text.strip().replace("\N{NO-BREAK SPACE}", "")
    if not plain:
        raise BadInput("The number is missing.", hint="Give units, or percent.", field=field)
    if decimal == ",":
        plain = plain.replace(",", ".") if "." not in plain else "?"
    try:
        value = Decimal(plain)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BadInput(
            f"'{text.strip()}' is not a number.",
            hint=f"Write units as 12 or 12{decimal}5.",
            field=field,
        )
    return value


# -- spreading ---------------------------------------------------------------------------------


def spread(total: int, weights: Floats) -> Integers:
    """Part `total` hundredths by `weights`, whole hundredths each, so that they add up to it.

    The largest remainders get what is left over (Hamilton's method); of equal ones the first.
    Weights that are all zero count alike.
    """
    flat = weights.ravel().astype(np.float64)
    if not flat.size:
        return np.zeros(weights.shape, dtype=np.int64)
    share = flat / flat.sum() if flat.sum() > 0 else np.full(flat.shape, 1 / flat.size)
    exact = share * total
    parts = np.floor(exact).astype(np.int64)
    left = total - int(parts.sum())
    order = np.argsort(-(exact - parts), kind="stable")
    whole, rest = divmod(left, flat.size)
    parts += whole
    parts[order[:rest]] += 1
    found: Integers = parts.reshape(weights.shape)
    return found


def apply(way: Way, amount: Decimal, model: Floats) -> Floats:
    """Return the planner's numbers (series x periods) where the model has `model`.

    EACH    every period comes to `amount` units over all series
    TOTAL   all periods and series together come to `amount` units
    PERCENT everything changes by `amount` percent; the sum is rounded once, then spread
    Each is spread by the model's proportions.
    """
    if way is Way.EACH:
        cents = int(amount * 100)
        columns = [spread(cents, model[:, one]) for one in range(model.shape[1])]
        parts = np.stack(columns, axis=1)
    elif way is Way.TOTAL:
        parts = spread(int(amount * 100), model)
    else:
        wanted = Decimal(repr(float(model.sum()))) * (100 + amount)
        parts = spread(int(wanted.to_integral_value(ROUND_HALF_EVEN)), model)
    found: Floats = parts / 100
    return found


# -- scopes ------------------------------------------------------------------------------------

KINDS = ("series", "product", "category", "store", "region", "all")
_COLUMNS = {
    "series": "unique_id",
    "product": "product",
    "category": "category",
    "store": "store",
    "region": "region",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which series of a dataset are meant: `kind` is one of KINDS, `value` empty for all."""

    kind: str
    value: str = ""

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "value": self.value}

    def holds(self, codes: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
        """Say of each series whether it belongs; `codes` names store, product ... of each."""
        if self.kind == "all":
            return np.ones(len(codes["unique_id"]), dtype=bool)
        return np.array([one == self.value for one in codes[_COLUMNS[self.kind]]], dtype=bool)

    def near(self, codes: Mapping[str, Sequence[str]], most: int = 5) -> list[str]:
        """Return names of this kind, those most like `value` first; case does not count."""
        names = {one for one in codes[_COLUMNS[self.kind]] if one}
        meant = self.value.lower()
        return sorted(
            names, key=lambda one: (-SequenceMatcher(None, meant, one.lower()).ratio(), one)
        )[:most]


def read_scope(kind: str, value: str) -> Scope:
    """Return a scope; raises BadInput."""
    if kind not in KINDS:
        raise BadInput(
            f"There is no scope '{kind}'.", hint=f"Take {', '.join(KINDS)}.", field="scope"
        )
    if kind == "all":
        return Scope(kind)
    if not value.strip():
        raise BadInput(f"The scope '{kind}' needs its name.", field="value")
    return Scope(kind, value.strip())


# -- freezes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that is in force: some series, from one period number to another."""

    pk: int
    scope: Scope
    first: int
    last: int


def frozen_by(
    freezes: Sequence[Frozen], codes: Mapping[str, Sequence[str]], periods: Sequence[int]
) -> Integers:
    """Return which freeze holds each bucket (series x periods), 0 for none; the newest of several.

    `codes` as in Scope.holds, `periods` are the numbers of the periods.
    """
    numbers = np.array(periods, dtype=np.int64)
    found = np.zeros((len(codes["unique_id"]), len(numbers)), dtype=np.int64)
    for one in sorted(freezes, key=lambda each: each.pk):
        span = (numbers >= one.first) & (numbers <= one.last)
        found[np.ix_(one.scope.holds(codes), span)] = one.pk
    return found
