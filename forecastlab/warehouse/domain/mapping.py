"""Which column of a file plays which role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forecastlab.lib.errors import BadInput
from forecastlab.warehouse.domain.roles import NUMBERS, ROLES, plain

LEAST_DIVISOR, MOST_DIVISOR = 1e-9, 1e9
_LISTED = 20
# A number or a date: hardly the name of a column.
_VALUE = re.compile(r"[\d.,:/-]*\d[\d.,:/-]*")


class MappingUnusable(BadInput):
    """The columns cannot be mapped to roles."""

    code = "mapping_unusable"


@dataclass(frozen=True, slots=True)
class Placed:
    """A column in a role, its values divided by `divisor`."""

    role: str
    column: str
    divisor: float = 1.0


@dataclass(frozen=True, slots=True)
class NamedSignal:
    column: str
    known: bool


@dataclass(frozen=True, slots=True)
class Mapping:
    placed: tuple[Placed, ...]
    signals: tuple[NamedSignal, ...]
    dropped: tuple[str, ...]

    def column(self, role: str) -> str | None:
        return next((one.column for one in self.placed if one.role == role), None)

    def numbers(self) -> list[Placed]:
        return [one for one in self.placed if one.role in NUMBERS]


def parse_placed(text: str) -> Placed:
    """Read `role=column` or `role=column/number`."""
    role, equals, rest = text.partition("=")
    if not equals or not rest:
        raise MappingUnusable(f"'{text}' is not role=column.", field="map")
    if role not in ROLES:
        raise MappingUnusable(f"'{role}' is not a role. Roles are {', '.join(ROLES)}.", field="map")
    column, slash, number = rest.rpartition("/")
    if not slash:
        return Placed(role, rest)
    try:
        divisor = float(number)
    except ValueError:
        return Placed(role, rest)
    if role not in NUMBERS or not LEAST_DIVISOR <= divisor <= MOST_DIVISOR:
        raise MappingUnusable(
            f"'{text}' divides {'by ' + number if role in NUMBERS else 'a ' + role}; "
            f"only numbers can be divided, by {LEAST_DIVISOR:g} to {MOST_DIVISOR:g}.",
            field="map",
        )
    return Placed(role, column, divisor)


def parse_signal(text: str) -> NamedSignal:
    """Read `column:known` or `column:observed`."""
    column, _, when = text.rpartition(":")
    if not column or when not in {"known", "observed"}:
        raise MappingUnusable(
            f"'{text}' does not say column:known (planned ahead) or column:observed.",
            field="signal",
        )
    return NamedSignal(column, when == "known")


def guess(headings: Sequence[str]) -> list[Placed]:
    """Return the roles that the headings suggest."""
    return _guessed(headings, (), ())


def resolve(
    headings: Sequence[str],
    placed: Sequence[Placed],
    signals: Sequence[NamedSignal],
    *,
    guessing: bool = True,
) -> Mapping:
    """Complete what was asked for with guesses, if wanted, and say what is dropped.

    Raises MappingUnusable for a heading that is absent or repeated, a role or column used twice,
    or a file that lacks a date, a quantity or anything to tell series apart.
    """
    check(headings, placed, signals)
    guesses = _guessed(headings, placed, signals) if guessing else []
    complete = [*placed, *guesses]
    _require(headings, {one.role for one in complete})
    used = {one.column for one in complete} | {one.column for one in signals}
    return Mapping(
        tuple(sorted(complete, key=lambda one: list(ROLES).index(one.role))),
        tuple(sorted(signals, key=lambda one: one.column)),
        tuple(one for one in headings if one not in used),
    )


def check(
    headings: Sequence[str], placed: Sequence[Placed], signals: Sequence[NamedSignal] = ()
) -> None:
    """Raise MappingUnusable for headings absent or repeated, and roles or columns used twice."""
    _refuse_repeats(headings, "The file has two columns named")
    _refuse_repeats([one.role for one in placed], "Two columns are mapped to")
    _refuse_repeats(
        [*(one.column for one in placed), *(one.column for one in signals)],
        "Two roles are mapped to column",
    )
    for column in [*(one.column for one in placed), *(one.column for one in signals)]:
        if column not in headings:
            raise MappingUnusable(
                f"The file has no column '{column}'. It has {_listed(headings)}.", field="map"
            )


def _guessed(
    headings: Sequence[str], placed: Sequence[Placed], signals: Sequence[NamedSignal]
) -> list[Placed]:
    taken = {one.column for one in placed} | {one.column for one in signals}
    filled = {one.role for one in placed}
    if filled & {"store", "product"}:
        filled.add("series")
    if "series" in filled and not filled & {"store", "product"}:
        filled |= {"store", "product"}
    free = {plain(one): one for one in reversed(headings) if one not in taken}
    guesses: list[Placed] = []
    for role in ROLES.values():
        name = next((one for one in role.names if one in free), None)
        if role.name not in filled and name:
            guesses.append(Placed(role.name, free.pop(name)))
    return guesses


def _require(headings: Sequence[str], roles: set[str]) -> None:
    has = f"The file has {_listed(headings)}."
    has += _headless(headings)
    for role, meaning in (("ds", "the date"), ("quantity", "the quantity sold")):
        if role not in roles:
            raise MappingUnusable(
                f"No column is {meaning}. {has} Map one: {role}=COLUMN.", field=role
            )
    if not roles & {"series", "store", "product"}:
        raise MappingUnusable(
            f"No column tells series apart. {has} Map store=COLUMN and product=COLUMN, "
            "or series=COLUMN.",
            field="series",
        )


def _listed(headings: Sequence[str]) -> str:
    more = len(headings) - _LISTED
    return ", ".join(headings[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _headless(names: Sequence[str]) -> str:
    values = any(_VALUE.fullmatch(one.strip()) for one in names)
    return " The first line has to name the columns." if values else ""


def _refuse_repeats(names: Iterable[str], sentence: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        more = _headless(repeated[:1])
        raise MappingUnusable(f"{sentence} '{repeated[0]}'.{more}", field="map")
