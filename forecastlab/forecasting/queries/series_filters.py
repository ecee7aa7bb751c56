"""Which series of a backtest are meant: by search, store, category and champion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from forecastlab.forecasting.models import Backtest, Champion
from forecastlab.lib import lists

NAME = "series__unique_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. A category is a product's own, else the product itself."""

    search: str = ""
    store: str = ""
    category: str = ""
    champion: str = ""
    sort: str = ""
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.store or self.category or self.champion)

    @property
    def query(self) -> str:
        """Return the filters as the query of an address, without the page."""
        told = {key: one for key, one in asdict(self).items() if one and key != "page"}
        return f"?{urlencode(told)}" if told else ""


def wanted(parameters: Mapping[str, str], sorts: Mapping[str, str], usual: str) -> Wanted:
    """Read an address; unheard-of orders count as not asked."""
    sort = parameters.get("sort", "")
    return Wanted(
        search=parameters.get("search", "").strip(),
        store=parameters.get("store", ""),
        category=parameters.get("category", ""),
        champion=parameters.get("champion", ""),
        sort=sort if sort.removeprefix("-") in sorts else usual,
        page=parameters.get("page", "1"),
    )


def search(value: str) -> Mapping[str, str]:
    """Return the field that searches series, as `components/filters.html` wants it."""
    return {"value": value, "hint": _("Store or product"), "label": _("Search series")}


def champions(backtest: Backtest, asked: Wanted) -> QuerySet[Champion]:
    """Return the champions of the series that are meant."""
    found: QuerySet[Any] = Champion.objects.filter(backtest=backtest)
    if asked.search:
        found = found.filter(series__unique_id__icontains=asked.search)
    if asked.store:
        found = found.filter(series__store__code=asked.store)
    if asked.category:
        found = found.filter(of_category(asked.category, "series__product__"))
    if asked.champion:
        found = found.filter(model=asked.champion)
    return found


def ranked(
    found: QuerySet[Any],
    sort: str,
    fields: Mapping[str, str],
    *,
    unknown: Collection[str],
    dataset: int,
) -> QuerySet[Any, int]:
    """Return the numbers of rows of series in an order of `fields`.

    Keys in `unknown` may have no value, as for `lists.ordered`. Names are ordered by the index of
    their dataset; of any other equals the older series is first.
    """
    order = lists.order_of(sort, fields, unknown=unknown)
    if fields[sort.removeprefix("-")] == NAME:
        return found.filter(series__dataset=dataset).order_by(order).values_list("pk", flat=True)
    return found.order_by(order, "series_id").values_list("pk", flat=True)


def of_category(category: str, path: str = "") -> Q:
    """Return which products belong to a category, as the judged groups have it.

    A product without a category, or with an empty one, is one by itself, under its own name.
    `path` leads to the product.
    """
    own = f"{path}attributes__category"
    lacking = Q(**{f"{own}__isnull": True}) | Q(**{own: ""}) | Q(**{own: None})
    return Q(**{own: category}) | (lacking & Q(**{f"{path}code": category}))
