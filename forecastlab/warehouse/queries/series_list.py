"""The series of a version: how they are searched, filtered, sorted and paged.

Everything is read from the profiles of the version, one row a series; the facts stay untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import ExpressionWrapper, F, FloatField, OrderBy, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib import dates, downloads, figures, lists
from forecastlab.warehouse.domain.profiles import SELDOM
from forecastlab.warehouse.models import DatasetVersion, Product, Series, SeriesProfile, Store
from forecastlab.warehouse.queries import attributes
from forecastlab.warehouse.queries.attributes import Choice

PER_PAGE = 25
SORTS: Mapping[str, str] = {
    "series": "unique_id",
    "quantity": "quantity",
    "variation": "variation",
    "rows": "rows",
    "first": "first",
    "last": "last",
    "gaps": "gaps",
    "zeros": "zeros",
    "unknown": "unknown",
    "negative": "negative",
    "stockouts": "stockouts",
    "outliers": "outliers",
}
BEST_SELLING = "-quantity"
_KNOWN = F("rows") - F("unknown")
# The mean interval between demands is known periods over those with another quantity than zero:
# it reaches SELDOM where at least this share of the known periods is zero.
_MANY = ExpressionWrapper(_KNOWN * (1 - 1 / SELDOM), output_field=FloatField())
TRAITS: Mapping[str, Q] = {
    "gaps": Q(gaps__gt=0),
    "stockouts": Q(stockouts__gt=0),
    "silent": Q(quantity=0, rows=F("zeros") + F("unknown")),
    "constant": Q(constant=True),
    "seldom": Q(zeros__gte=_MANY, zeros__lt=_KNOWN),
    "outliers": Q(outliers__gt=0),
    "negative": Q(negative__gt=0),
    "unknown": Q(unknown__gt=0),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unheard-of words count as not asked.

    `attributes` maps names such as `product.brand` and `store.region` to a value.
    """

    search: str = ""
    store: str = ""
    product: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    traits: Sequence[str] = ()
    least: float | None = None
    sort: str = BEST_SELLING
    page: str = "1"

    @property
    def query(self) -> str:
        """Return the filters and the order as the query of an address, without the page."""
        pairs = [
            ("search", self.search),
            ("store", self.store),
            ("product", self.product),
            *self.attributes.items(),
            *(("trait", one) for one in self.traits),
            ("least", "" if self.least is None else f"{self.least:g}"),
            ("sort", "" if self.sort == BEST_SELLING else self.sort),
        ]
        return "?" + urlencode([pair for pair in pairs if pair[1]])

    @property
    def is_filtered(self) -> bool:
        return replace(self, sort=BEST_SELLING).query != "?"


def wanted(given: Mapping[str, str], traits: Sequence[str]) -> Wanted:
    sort, least = given.get("sort", ""), given.get("least", "")
    named = {
        name: value[:200]
        for name, value in given.items()
        if value and name.startswith(attributes.SIDES) and len(name) <= attributes.LONGEST
    }
    return Wanted(
        search=given.get("search", "").strip()[:100],
        store=given.get("store", "")[:200],
        product=given.get("product", "")[:200],
        attributes=named,
        traits=[one for one in TRAITS if one in traits],
        least=_number(least),
        sort=sort if sort.removeprefix("-") in SORTS else BEST_SELLING,
        page=given.get("page", "1"),
    )


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return None if figures.is_unknown(found) else found


def matching(version: DatasetVersion, asked: Wanted) -> QuerySet[SeriesProfile]:
    """Return the profiles that pass the filters, in the order asked for."""
    found = SeriesProfile.objects.filter(version=version)
    if asked.search:
        found = found.filter(unique_id__icontains=asked.search)
    if asked.least is not None:
        found = found.filter(quantity__gte=asked.least)
    for trait in asked.traits:
        found = found.filter(TRAITS[trait])
    if asked.store or asked.product or asked.attributes:
        found = found.filter(series__in=_of(version, asked))
    return found.order_by(_order(asked), "unique_id")


def _of(version: DatasetVersion, asked: Wanted) -> QuerySet[Series]:
    series = Series.objects.filter(dataset=version.dataset_id)
    if asked.store:
        series = series.filter(store__code=asked.store)
    if asked.product:
        series = series.filter(product__code=asked.product)
    for name, value in asked.attributes.items():
        side, _dot, key = name.partition(".")
        model: type[Store] | type[Product] = Store if side == "store" else Product
        having = model.objects.filter(dataset=version.dataset_id)
        having = having.alias(value=KeyTextTransform(key, "attributes")).filter(value=value)
        series = series.filter(**{f"{side}__in": having})
    return series


def _order(asked: Wanted) -> OrderBy:
    """Return the order; among rows that are searched through, one that no index could serve.

    Walking the index in search of few rows takes several times as long as reading them all.
    """
    name = SORTS[asked.sort.removeprefix("-")]
    column: Any = F(name)
    if asked.search or asked.traits or asked.least is not None:
        column = Concat(column, Value("")) if name == "unique_id" else column + 0
    nullable = {"nulls_last": True} if name == "variation" else {}
    found: OrderBy = (
        column.desc(**nullable) if asked.sort.startswith("-") else column.asc(**nullable)
    )
    return found


# -- the page ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One series as a line of the table; `line` is drawn."""

    profile: SeriesProfile
    first: str
    last: str
    url: str

    @property
    def line(self) -> list[float | None]:
        return plain(self.profile.line)

    @property
    def quantity(self) -> str:
        return amount(self.profile.quantity)

    def text(self, name: str) -> str:
        """Return a figure as it is written in a table."""
        match name:
            case "quantity":
                return self.quantity
            case "first" | "last":
                return dates.day(self.first if name == "first" else self.last)
        return figures.number(getattr(self.profile, name), 2 if name == "variation" else 0)


@dataclass(frozen=True)
class SeriesList:
    version: DatasetVersion
    asked: Wanted
    page: Page[SeriesProfile]
    choices: Sequence[Choice]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        found = [row(self.version, one) for one in self.page.object_list]
        return [{"series": one, "cells": self.cells(one)} for one in found]

    @property
    def search(self) -> Mapping[str, str]:
        hint, label = _("Store, product or id"), _("Search series")
        return {"value": self.asked.search, "hint": hint, "label": label}

    @property
    def hidden(self) -> lists.Pairs:
        return [("sort", self.asked.sort), *(("trait", one) for one in self.asked.traits)]

    @property
    def filters(self) -> list[Mapping[str, Any]]:
        """Return the filters by store, product and attribute; of very many values one is typed."""
        asked = self.asked
        set_to = {"store": asked.store, "product": asked.product, **asked.attributes}
        labels = {"store": _("Store"), "product": _("Product")}
        found = []
        for one in self.choices:
            label, chosen = labels.get(one.name, one.label), set_to.get(one.name, "")
            if one.values:
                found.append(lists.choice(one.name, label, one.values, chosen=chosen))
            else:
                found.append(lists.typed(one.name, label, chosen=chosen))
        least = "" if asked.least is None else f"{asked.least:g}"
        return [*found, lists.typed("least", _("Minimum quantity"), chosen=least, kind="number")]

    @property
    def has_unknown(self) -> bool:
        return bool(self.version.profile.get("unknown"))

    @property
    def has_negative(self) -> bool:
        return bool(self.version.profile.get("negative"))

    @cached_property
    def shown(self) -> dict[str, str]:
        """Return the figures that the table has columns for, with their headings."""
        words = {
            "quantity": _("Quantity"),
            "variation": _("Variation"),
            "rows": _("Rows"),
            "first": _("From"),
            "last": _("To"),
            "gaps": _("Gaps"),
            "zeros": _("Zeros"),
            "unknown": _("Unknown") if self.has_unknown else "",
            "negative": _("Negative") if self.has_negative else "",
            "stockouts": _("Stock-outs"),
            "outliers": _("Outliers"),
        }
        return {name: word for name, word in words.items() if word}

    def _is_wide(self, name: str) -> bool:
        """Say whether a phone leaves the column out: it shows the one that sorts."""
        sorting = self.asked.sort.removeprefix("-")
        return name != (sorting if sorting in self.shown else "quantity")

    @property
    def columns(self) -> list[dict[str, Any]]:
        figured = [
            {"label": word, "key": name, "numeric": True, "wide": self._is_wide(name)}
            for name, word in self.shown.items()
        ]
        return [{"label": _("Series"), "key": "series"}, {"label": _("Sales")}, *figured]

    def cells(self, one: Row) -> list[dict[str, Any]]:
        return [{"text": one.text(name), "wide": self._is_wide(name)} for name in self.shown]

    @property
    def chips(self) -> list[dict[str, Any]]:
        """Return one switch per trait, as links that set or clear it."""
        words = {
            "gaps": _("With gaps"),
            "stockouts": _("With stock-outs"),
            "silent": _("Without sales"),
            "constant": _("Always the same"),
            "seldom": _("Sold with pauses"),
            "outliers": _("With outliers"),
            "negative": _("With negative quantities"),
            "unknown": _("With unknown quantities"),
        }
        chosen = self.asked.traits
        return [
            {"label": label, "set": one in chosen, "url": self._with(one)}
            for one, label in words.items()
            if one in chosen or one not in {"negative", "unknown"} or getattr(self, f"has_{one}")
        ]

    def _with(self, trait: str) -> str:
        chosen = set(self.asked.traits) ^ {trait}
        traits = [one for one in TRAITS if one in chosen]
        return replace(self.asked, traits=traits).query

    @property
    def downloads(self) -> list[dict[str, str]]:
        place = [self.version.dataset.name, self.version.number]
        query = self.asked.query
        return downloads.offered("warehouse:version-download", *place, "series", query=query)


class _FromBothEnds(Paginator):  # type: ignore[type-arg]
    """Reads pages of the second half from the end: the last one is as near as the first."""

    object_list: QuerySet[SeriesProfile]

    def page(self, number: int | str) -> Page[SeriesProfile]:
        found = super().page(number)
        begin, end = (found.number - 1) * self.per_page, found.end_index()
        if begin > self.count // 2:
            backwards = self.object_list.reverse()[self.count - end : self.count - begin]
            found.object_list = list(backwards)[::-1]
        return found


def of(version: DatasetVersion, asked: Wanted) -> SeriesList:
    found = matching(version, asked)
    paginator = _FromBothEnds(found, PER_PAGE)
    if not asked.is_filtered:
        paginator.count = version.series_count
    page = paginator.get_page(asked.page)
    return SeriesList(version, asked, page, attributes.choices(version.dataset_id))


def row(version: DatasetVersion, one: SeriesProfile) -> Row:
    label = version.calendar.label
    args = [version.dataset.name, version.number, one.series_id]
    url = reverse("warehouse:series-page", args=args)
    return Row(one, label(one.first), label(one.last), url)


def extremes(version: DatasetVersion, count: int) -> tuple[list[Row], list[Row]]:
    """Return the best and the least selling series; the least only where there are more."""
    told = SeriesProfile.objects.filter(version=version)
    best = list(told.order_by("-quantity", "unique_id")[:count])
    rest = max(0, min(count, version.series_count - len(best)))
    least = list(told.order_by("quantity", "unique_id")[:rest])
    return [row(version, one) for one in best], [row(version, one) for one in least]


def plain(line: Sequence[float | None]) -> list[float | None]:
    """Return a stored line with None for what is unknown, which an array holds as NaN."""
    return [None if figures.is_unknown(one) else one for one in line]


def amount(value: float | None) -> str:
    """Write units whole, and small numbers with a place more: 0.4 units are no 0."""
    return figures.number(value, 1 if value is not None and 0 < abs(value) < 10 else 0)
