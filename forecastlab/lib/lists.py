"""What lists of rows have in common: views, filters, order, pages, and which filter to drop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy

Rows = TypeVar("Rows", bound="QuerySet[Any]")
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class View:
    """A tab above a list; `is_here` marks the one that is shown, `pk` one that a person saved."""

    label: str
    url: str
    count: int | None = None
    is_here: bool = False
    pk: int | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """A filter that could go, and how many rows match without it."""

    value: str
    count: int
    url: str


def drops(
    rows: Rows, filters: Pairs, *, narrow: Callable[[Rows, Pairs], Rows], rest: Pairs = ()
) -> list[Drop]:
    """Say which single filter keeps matches away, most matches first.

    `rest` is what the address says beside filters.
    """
    found = []
    for place, (_key, value) in enumerate(filters):
        others = [*filters[:place], *filters[place + 1 :]]
        count = narrow(rows, others).count()
        found.append(Drop(value, count, address([*rest, *others])))
    return sorted((one for one in found if one.count), key=lambda one: -one.count)


def address(pairs: Iterable[tuple[str, str]]) -> str:
    return f"?{urlencode([(key, value) for key, value in pairs if value])}"


def ordered(
    rows: Rows,
    sort: str,
    fields: Mapping[str, str],
    *,
    unknown: Collection[str] = (),
    first: Sequence[str] = (),
) -> Rows:
    """Order by one of `fields`; of equals the newest stands above.

    Keys in `unknown` may have no value, which then comes last; for the others an index serves.
    """
    return rows.order_by(*first, order_of(sort, fields, unknown=unknown), "-pk")


def order_of(sort: str, fields: Mapping[str, str], *, unknown: Collection[str] = ()) -> OrderBy:
    """Return the order that `ordered` begins with."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    last = True if key in unknown else None
    field = F(fields[key])
    return field.desc(nulls_last=last) if descending else field.asc(nulls_last=last)


def page_of(
    ranked: QuerySet[Any, int], *, number: str, per_page: int, known: int | None = None
) -> Page[int]:
    """Return a page of what is `ranked` by number alone; rows that nobody sees are not sorted.

    Where it is not `known` how many there are, they are counted in the same breath.
    """
    if known is None:
        return Paginator(list(ranked), per_page).get_page(number)
    pages = Paginator(ranked, per_page)
    pages.count = known
    return pages.get_page(number)


def choice(
    name: str, label: str, values: Iterable[str | tuple[str, str]], *, chosen: str = ""
) -> Mapping[str, Any]:
    """A choice as `components/filters.html` wants it: `label` is the word for no filter."""
    pairs = [(one, one) if isinstance(one, str) else one for one in values]
    return {"name": name, "label": label, "options": pairs, "chosen": chosen}


def typed(name: str, label: str, *, chosen: str, kind: str = "text") -> Mapping[str, Any]:
    """A filter that is typed, as `components/filters.html` wants it; `kind` is text or number."""
    return {"name": name, "label": label, "chosen": chosen, "typed": kind}
