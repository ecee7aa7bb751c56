"""The series of a backtest: what serves each, how good it is, and by how much it is ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Backtest, Champion
from forecastlab.forecasting.queries import labels, series_filters
from forecastlab.forecasting.queries.comparison import table_urls
from forecastlab.forecasting.queries.labels import share
from forecastlab.forecasting.queries.series_filters import Wanted
from forecastlab.lib import figures, lists
from forecastlab.warehouse.models import Store

PER_PAGE = 50
MOST_STORES = 200
SORTS: Mapping[str, str] = {
    "series": "series__unique_id",
    "value": "value",
    "margin": "margin",
    "points": "points",
}
UNKNOWN = frozenset({"value", "margin"})
WORST_FIRST = "-value"


@dataclass(frozen=True, slots=True)
class Row:
    series_id: int
    unique_id: str
    value: str
    margin: str
    champion: str
    runner_up: str
    why: str
    points: str


@dataclass(frozen=True)
class JudgedSeries:
    """A page of the series of a backtest."""

    backtest: Backtest
    wanted: Wanted

    @cached_property
    def page(self) -> Page[int]:
        found = series_filters.champions(self.backtest, self.wanted)
        ranked = series_filters.ranked(
            found,
            self.wanted.sort,
            SORTS,
            unknown=UNKNOWN,
            dataset=self.backtest.version.dataset_id,
        )
        return lists.page_of(
            ranked, number=self.wanted.page, per_page=PER_PAGE, known=self._count(found)
        )

    def _count(self, found: QuerySet[Champion]) -> int | None:
        """Return how many are listed; None where they may be few, and are soon counted."""
        if self.wanted.is_filtered:
            return found.count() if self.wanted.champion else None
        return int(self.backtest.judged) + len(self.backtest.skipped)

    @cached_property
    def rows(self) -> list[Row]:
        shown = Champion.objects.select_related("series").defer("judged")
        found = shown.in_bulk(list(self.page.object_list))
        return [self._row(found[one]) for one in self.page]

    def _row(self, one: Champion) -> Row:
        return Row(
            series_id=one.series_id,
            unique_id=one.series.unique_id,
            value=labels.measured(one.value, one.metric),
            margin=figures.signed_percent(share(one.margin)),
            champion=title_of(one.model),
            runner_up=title_of(one.runner_up) if one.runner_up else figures.UNKNOWN,
            why=reason_of(one.reason),
            points=figures.number(one.points),
        )

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        metric = labels.metric_title(self.backtest.metric)
        return [
            {"label": _("Series"), "key": "series"},
            {"label": metric, "key": "value", "numeric": True},
            {"label": _("Champion"), "key": ""},
            {"label": _("Chosen"), "key": "", "wide": True},
            {"label": _("Next best"), "key": "", "wide": True},
            {"label": _("Ahead by"), "key": "margin", "numeric": True, "wide": True},
            {"label": _("Scored"), "key": "points", "numeric": True, "wide": True},
        ]

    @property
    def downloads(self) -> list[dict[str, str]]:
        return table_urls(self.backtest, ("scores", "champions", "judged"))

    @property
    def search(self) -> Mapping[str, str]:
        return series_filters.search(self.wanted.search)

    @property
    def hidden(self) -> lists.Pairs:
        return [("sort", self.wanted.sort)]

    @property
    def choices(self) -> list[Mapping[str, object]]:
        asked, stores = self.wanted, self._stores()
        models = [(name, title_of(name)) for name in self.backtest.result["champions"]]
        return [
            *(
                [lists.choice("store", _("Any store"), stores, chosen=asked.store)]
                if stores
                else []
            ),
            lists.choice("champion", _("Any champion"), models, chosen=asked.champion),
            lists.typed("category", _("Category or product"), chosen=asked.category),
        ]

    def _stores(self) -> list[str]:
        """Return the stores to choose from; of very many, none: they are searched."""
        found = Store.objects.filter(dataset=self.backtest.version.dataset_id).order_by("code")
        codes = list(found.values_list("code", flat=True)[: MOST_STORES + 1])
        return codes if len(codes) <= MOST_STORES else []


def reason_of(reason: str) -> str:
    """Return in words why a model serves a series."""
    said = {
        "default": _("the default"),
        "switched": _("clearly better here"),
        "not_judged": _("could not be judged"),
        "group": _("best of its category"),
        "series": _("best on this series"),
    }
    return said.get(reason, reason)
