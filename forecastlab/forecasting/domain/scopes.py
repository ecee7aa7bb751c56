"""Which series a batch is about, and in which parts: checked before any sale is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forecastlab.lib.errors import BadInput

# Each scope with the option that belongs to it, "" for none.
SCOPES: Mapping[str, str] = {
    "all": "",
    "region": "region",
    "category": "category",
    "top_revenue": "top_n",
    "list": "series",
}
SELECTORS = tuple(one for one in SCOPES.values() if one)
PARTS = ("all", "store", "category", "series")
MOST_TOP, MOST_LISTED = 1000, 5000
MOST_ITEMS, MOST_MODELS = 500, 10
# More values than this do not belong into the memory of one item.
MOST_CELLS = 10_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """`kind` is a key of SCOPES; of the others only the one that belongs to it is given."""

    kind: str = "all"
    region: str = ""
    category: str = ""
    top_n: int = 0
    series: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the scope in the words of the options."""
        own = SCOPES[self.kind]
        value = getattr(self, own) if own else None
        told = list(value) if isinstance(value, tuple) else value
        return {"scope": self.kind, **({own: told} if own else {})}


def read(options: Mapping[str, Any]) -> Scope:
    """Return the scope that options ask for; raises BadInput naming the option that is wrong."""
    kind = options.get("scope") or "all"
    if kind not in SCOPES:
        raise BadInput(
            f"There is no scope '{kind}'.", hint=f"There are: {', '.join(SCOPES)}.", field="scope"
        )
    own = SCOPES[kind]
    given = {name: options[name] for name in SELECTORS if options.get(name) not in (None, "", [])}
    for name in given:
        if name != own:
            owner = next(scope for scope, selector in SCOPES.items() if selector == name)
            raise BadInput(f"'{name}' belongs to the scope '{owner}', not to '{kind}'.", field=name)
    if not own:
        return Scope(kind)
    if own not in given:
        raise BadInput(f"The scope '{kind}' needs '{own}'.", field=own)
    return Scope(kind, **{own: _checked(own, given[own])})


def _checked(name: str, value: Any) -> Any:
    if name == "top_n":
        return _top(value)
    if name == "series":
        return _listed(value)
    return str(value)


def _top(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_TOP:
        raise BadInput(
            f"{value} is no number of series: give a whole number from 1 to {MOST_TOP}.",
            field="top_n",
        )
    return value


def _listed(value: Any) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(str(one).strip() for one in value if str(one).strip()))
    if not names:
        raise BadInput("The list names no series.", field="series")
    if len(names) > MOST_LISTED:
        raise BadInput(
            f"The list names {len(names)} series; at most {MOST_LISTED} may be listed.",
            hint="Take the scope of a region or a category.",
            field="series",
        )
    return names


def check_by(by: str | None) -> str:
    """Return how the scope is parted, "" for the usual way; raises BadInput."""
    if by and by not in PARTS:
        raise BadInput(
            f"A scope is not parted by '{by}'.", hint=f"There are: {', '.join(PARTS)}.", field="by"
        )
    return by or ""


def usual_parts(stores: int, categories: int) -> str:
    """Return how a scope with so many stores and categories is parted where nobody says."""
    if 1 < stores <= MOST_ITEMS // MOST_MODELS:
        return "store"
    return "category" if 1 < categories <= MOST_ITEMS // MOST_MODELS else "all"


def check_size(models: Sequence[str], widths: Sequence[int], periods: int) -> None:
    """Raise BadInput for more models or items than a batch has, or more sales than an item has."""
    if len(models) > MOST_MODELS:
        raise BadInput(
            f"{len(models)} models are more than the {MOST_MODELS} of a batch.", field="models"
        )
    items = len(models) * len(widths)
    if items > MOST_ITEMS:
        raise BadInput(
            f"{len(models)} models on {len(widths)} parts are {items} items; a batch has at most "
            f"{MOST_ITEMS}.",
            hint="Part the scope in fewer, name fewer models, or take a smaller scope.",
            field="by",
        )
    if max(widths) * periods > MOST_CELLS:
        raise BadInput(
            f"A part of {max(widths):,} series over {periods:,} periods is too large for an item.",
            hint="Part the scope by store, or take a smaller scope.",
            field="by",
        )
