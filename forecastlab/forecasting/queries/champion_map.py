"""Which model serves which store and product, as a grid that can be read at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.letters import letters
from forecastlab.forecasting.models import Backtest, Champion
from forecastlab.forecasting.queries import labels, series_filters
from forecastlab.forecasting.queries.comparison import table_urls
from forecastlab.lib import figures
from forecastlab.warehouse.models import Product, Series, Store

STORES = 20
PRODUCTS = 25
TILES = 200
# Models beyond these are told by their letters alone.
COLOURS = ("s1", "s2", "s3", "s5")

# Names by letter, numbers by size: 2 comes before 10.
_DIGITS = Case(When(code__regex=r"^\d+$", then=Length("code")), default=Value(0))
IN_ORDER = (_DIGITS, "code")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    store: str = ""
    product: str = ""
    category: str = ""
    champion: str = ""
    stores: str = "1"
    page: str = "1"

    @property
    def is_filtered(self) -> bool:
        return bool(self.store or self.product or self.category or self.champion)


def wanted(parameters: Mapping[str, str]) -> Wanted:
    return Wanted(
        store=parameters.get("store", "").strip(),
        product=parameters.get("product", "").strip(),
        category=parameters.get("category", "").strip(),
        champion=parameters.get("champion", ""),
        stores=parameters.get("stores", "1"),
        page=parameters.get("page", "1"),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """What serves one series; `quiet` where another model is looked for."""

    url: str
    sign: str
    kind: str
    label: str
    quiet: bool


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend."""

    name: str
    title: str
    sign: str
    kind: str
    series: int
    set: bool


@dataclass(frozen=True)
class ChampionMap:
    backtest: Backtest
    wanted: Wanted

    @property
    def downloads(self) -> list[dict[str, str]]:
        return table_urls(self.backtest, ("champions",))

    # -- the legend -----------------------------------------------------------------------------

    @cached_property
    def legend(self) -> list[Key]:
        """Return the models that serve, the one with the most series first."""
        counts: Mapping[str, int] = self.backtest.result["champions"]
        order = sorted(counts, key=lambda name: (-counts[name], name))
        signs = letters({name: title_of(name) for name in order})
        kinds = dict(zip(order, COLOURS, strict=False))
        chosen = self.wanted.champion
        return [
            Key(one, title_of(one), signs[one], kinds.get(one, ""), counts[one], one == chosen)
            for one in order
        ]

    @cached_property
    def _keys(self) -> dict[str, Key]:
        return {one.name: one for one in self.legend}

    @property
    def sentence(self) -> str:
        """Return the finding: what serves most."""
        first, count = self.legend[0], sum(one.series for one in self.legend)
        said = {
            "model": first.title,
            "part": figures.number(first.series),
            "count": figures.number(count),
        }
        return _("%(model)s serves %(part)s of %(count)s judged series") % said

    # -- the grid -------------------------------------------------------------------------------

    @cached_property
    def has_stores(self) -> bool:
        return Store.objects.filter(dataset=self._dataset).exists()

    @property
    def _dataset(self) -> int:
        return int(self.backtest.version.dataset_id)

    @cached_property
    def stores(self) -> Page[Store]:
        found = Store.objects.filter(dataset=self._dataset)
        if self.wanted.store:
            found = found.filter(code__icontains=self.wanted.store)
        return Paginator(found.order_by(*IN_ORDER), STORES).get_page(self.wanted.stores)

    @cached_property
    def products(self) -> Page[Product]:
        found = Product.objects.filter(dataset=self._dataset)
        if self.wanted.product:
            found = found.filter(code__icontains=self.wanted.product)
        if self.wanted.category:
            found = found.filter(series_filters.of_category(self.wanted.category))
        return Paginator(found.order_by(*IN_ORDER), PRODUCTS).get_page(self.wanted.page)

    @cached_property
    def grid(self) -> list[tuple[str, list[Cell | None]]]:
        """Return a row per product: a cell per store, None where there is no such series."""
        found = self._found(
            store__in=[one.pk for one in self.stores], product__in=[one.pk for one in self.products]
        )
        cells = {(one["store"], one["product"]): self._cell(one) for one in found}
        return [
            (product.code, [cells.get((store.pk, product.pk)) for store in self.stores])
            for product in self.products
        ]

    def _found(self, **where: Any) -> list[dict[str, Any]]:
        """Return some series with what serves them."""
        rows = list(
            Series.objects.filter(dataset=self._dataset, **where).values(
                "pk", "unique_id", "store", "product"
            )
        )
        serving = Champion.objects.filter(
            backtest=self.backtest, series__in=[one["pk"] for one in rows]
        )
        told = {
            series: (model, value)
            for series, model, value in serving.values_list("series_id", "model", "value")
        }
        return [
            {**one, "model": told[one["pk"]][0], "value": told[one["pk"]][1]}
            for one in rows
            if one["pk"] in told
        ]

    def _cell(self, one: Mapping[str, Any]) -> Cell:
        key = self._keys.get(one["model"])
        said = {
            "series": one["unique_id"],
            "model": title_of(one["model"]),
            "metric": labels.metric_title(self.backtest.metric),
            "value": labels.measured(one["value"], self.backtest.metric),
        }
        return Cell(
            url=f"{self._series_url}{one['pk']}/",
            sign=key.sign if key else "?",
            kind=key.kind if key else "",
            label=_("%(series)s: %(model)s, %(metric)s %(value)s") % said,
            quiet=bool(self.wanted.champion) and one["model"] != self.wanted.champion,
        )

    @cached_property
    def _series_url(self) -> str:
        return reverse("forecasting:judged-series", args=[self.backtest.pk])

    # -- series without stores ------------------------------------------------------------------

    @cached_property
    def tile_page(self) -> Page[Any]:
        """Return a page of series, for a dataset without stores."""
        found: QuerySet[Any] = Series.objects.filter(dataset=self._dataset)
        if self.wanted.product:
            found = found.filter(unique_id__icontains=self.wanted.product)
        if self.wanted.category:
            found = found.filter(series_filters.of_category(self.wanted.category, "product__"))
        return Paginator(found.order_by("unique_id"), TILES).get_page(self.wanted.page)

    @property
    def tiles(self) -> Sequence[tuple[str, Cell]]:
        found = self._found(pk__in=[one.pk for one in self.tile_page])
        ordered = sorted(found, key=lambda one: str(one["unique_id"]))
        return [(one["unique_id"], self._cell(one)) for one in ordered]

    @cached_property
    def categories(self) -> list[str]:
        """Return the categories to choose from, and the chosen one."""
        found = Product.objects.filter(
            dataset=self._dataset, attributes__category__isnull=False
        ).values_list("attributes__category", flat=True)
        return sorted({str(one) for one in found.distinct() if one} | {self.wanted.category} - {""})
