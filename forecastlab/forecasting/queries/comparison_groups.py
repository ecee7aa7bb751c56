"""Where and how far ahead the models of a backtest are good, and how often sales lay inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Champion, SliceScore
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.comparison import Comparison
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import figures, plots
from forecastlab.warehouse.models import SeriesProfile

# As many lines as can be told apart by colour and dash.
MOST_LINES = 4
MOST_COLUMNS = 4
MOST_GROUPS = 12
PER_PAGE = 50
EXTREMES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: groups by category or store, the largest or all of them."""

    by: str = "category"
    whole: bool = False
    page: str = "1"


def wanted(parameters: Mapping[str, str]) -> Wanted:
    by = "store" if parameters.get("by") == "store" else "category"
    return Wanted(by, "whole" in parameters, parameters.get("page", "1"))


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One group: what each column's model got wrong there, the best one marked."""

    name: str
    url: str
    series: int
    best: str
    cells: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Extreme:
    url: str
    unique_id: str
    value: str
    champion: str


@dataclass(frozen=True)
class Groups:
    """The parts of what was judged, and the series that stand out."""

    comparison: Comparison
    asked: Wanted

    @cached_property
    def _slices(self) -> QuerySet[Any]:
        return SliceScore.objects.filter(backtest=self.comparison.backtest)

    # -- how far ahead --------------------------------------------------------------------------

    @cached_property
    def _steps(self) -> dict[str, dict[str, float | None]]:
        found: dict[str, dict[str, float | None]] = {}
        told = self._slices.filter(by="step").order_by("place")
        for key, model, wape in told.values_list("key", "model", "wape"):
            found.setdefault(key, {})[model] = wape
        return found

    @cached_property
    def horizon(self) -> dict[str, Any] | None:
        """Return the lines of `components/lines.html`: WAPE by single step ahead."""
        names = self.comparison.ranked[:MOST_LINES]
        values = {name: [one.get(name) for one in self._steps.values()] for name in names}
        if len(self._steps) < 2:
            return None
        plot = plots.lines(values, list(self._steps))
        if plot is None:
            return None
        kinds = dict(zip(names, ("s1", "s2", "s3", "s5"), strict=False))
        lines = [
            {"kind": kinds[one.name], "title": title_of(one.name), "path": one.path, "end": one.end}
            for one in plot.lines
        ]
        return {"lines": lines, "up": plot.up, "along": plot.along}

    @property
    def horizon_sentence(self) -> str:
        best = self.comparison.ranked[0]
        values = [one.get(best) for one in self._steps.values()]
        said = {
            "model": title_of(best),
            "first": figures.percent(share(values[0])),
            "last": figures.percent(share(values[-1])),
            "count": len(values),
            "noun": self.comparison.noun,
        }
        return (
            _("%(model)s: WAPE %(first)s one step ahead, %(last)s %(count)s %(noun)s ahead") % said
        )

    @property
    def horizon_columns(self) -> list[str]:
        ahead = _("%(noun)s ahead") % {"noun": self.comparison.noun.capitalize()}
        return [ahead, *(title_of(one) for one in self.comparison.ranked)]

    @property
    def horizon_rows(self) -> list[list[str]]:
        return [
            [key, *(figures.percent(share(models.get(one))) for one in self.comparison.ranked)]
            for key, models in self._steps.items()
        ]

    # -- where ----------------------------------------------------------------------------------

    @property
    def by(self) -> str:
        return self.asked.by

    @property
    def word(self) -> str:
        return _("Store") if self.by == "store" else _("Category")

    @property
    def title(self) -> str:
        return _("Error by store") if self.by == "store" else _("Error by category")

    @property
    def choices(self) -> list[dict[str, Any]]:
        told = (("category", _("Category")), ("store", _("Store")))
        if self._only_one_way:
            return []
        return [
            {"label": label, "url": f"?by={by}#groups", "set": by == self.by} for by, label in told
        ]

    @cached_property
    def _only_one_way(self) -> bool:
        return not self._slices.filter(by="store").exists()

    @property
    def words(self) -> str:
        return _("stores") if self.by == "store" else _("categories")

    @property
    def has_groups(self) -> bool:
        return self.page.paginator.count > 0 or self.by == "store"

    @cached_property
    def page(self) -> Page[Any]:
        """Return the groups that are shown: the largest, or a page of all in their own order."""
        each = self._slices.filter(by=self.by, model=self.comparison.ranked[0])
        if self.asked.whole:
            return Paginator(each.order_by("place"), PER_PAGE).get_page(self.asked.page)
        return Paginator(each.order_by("-series", "place"), MOST_GROUPS).get_page(1)

    @property
    def more(self) -> dict[str, str] | None:
        """Return the way to every group, or back to the largest ones."""
        if self.page.paginator.count <= MOST_GROUPS:
            return None
        if self.asked.whole:
            label = _("The %(count)s largest only") % {"count": MOST_GROUPS}
            return {"url": f"?by={self.by}#groups", "label": label}
        label = _("All %(count)s") % {"count": figures.number(self.page.paginator.count)}
        return {"url": f"?by={self.by}&whole=1#groups", "label": label}

    @property
    def _shown(self) -> list[str]:
        return self.comparison.ranked[:MOST_COLUMNS]

    @property
    def heat_columns(self) -> list[str]:
        return [title_of(one) for one in self._shown]

    @property
    def heat(self) -> list[HeatRow]:
        keys = [one.key for one in self.page]
        wapes: dict[str, dict[str, float]] = {}
        told = self._slices.filter(by=self.by, key__in=keys, wape__isnull=False)
        for key, model, wape in told.values_list("key", "model", "wape"):
            wapes.setdefault(key, {})[model] = wape
        return [self._heat_row(one, wapes.get(one.key, {})) for one in self.page]

    def _heat_row(self, group: SliceScore, wapes: Mapping[str, float]) -> HeatRow:
        best = min(self.comparison.ranked, key=lambda name: wapes.get(name, float("inf")))
        low = wapes.get(best)
        to = reverse("forecasting:judged-series", args=[self.comparison.backtest.pk])
        return HeatRow(
            name=group.key,
            url=f"{to}?{urlencode({self.by: group.key})}",
            series=group.series,
            best=figures.UNKNOWN if low is None else title_of(best),
            cells=[
                (figures.number(wapes.get(one), 1), one in wapes and wapes[one] == low)
                for one in self._shown
            ],
        )

    # -- how often inside -----------------------------------------------------------------------

    @property
    def inside(self) -> Mapping[str, Any]:
        """Return what is known of the intervals of what serves, {} with one fold."""
        found: Mapping[str, Any] = self.comparison.result.get("intervals", {})
        return found if found and "served" in found["models"] else {}

    @property
    def inside_rows(self) -> list[dict[str, Any]]:
        """Return points, coverage by level and pinball: in all, by horizon, by volume."""
        part = self.inside["models"]["served"]
        cells = [
            (_("All scored points"), part["all"]),
            *((self._bucket(key), one) for key, one in part["horizon"].items()),
            *((_quarter(key), one) for key, one in part["volume"].items()),
        ]
        return [
            {
                "name": name,
                "points": figures.number(one["points"]),
                "inside": [
                    figures.percent(share(one["coverage"].get(str(level))))
                    for level in self.inside["levels"]
                ],
                "pinball": figures.percent(share(one["pinball"])),
            }
            for name, one in cells
        ]

    def _bucket(self, key: str) -> str:
        _h, low, high = key.split("_")
        if high == "plus":
            said = {"low": low, "noun": self.comparison.noun}
            return _("%(low)s %(noun)s ahead and more") % said
        said = {"low": low, "high": high, "noun": self.comparison.noun}
        return _("%(low)s to %(high)s %(noun)s ahead") % said

    # -- single series --------------------------------------------------------------------------

    @cached_property
    def extremes(self) -> dict[str, list[Extreme]]:
        """Return the best and the worst series among the better-selling half."""
        backtest = self.comparison.backtest
        sold = SeriesProfile.objects.filter(version=backtest.version_id)
        half = backtest.version.series_count // 2
        median = sold.order_by("-quantity").values_list("quantity", flat=True)[half : half + 1]
        better = sold.filter(quantity__gte=next(iter(median), 0)).values("series_id")
        found = Champion.objects.filter(backtest=backtest, series__in=better, value__isnull=False)
        told = found.values_list("series_id", "series__unique_id", "value", "model")
        best = told.order_by(F("value").asc(nulls_first=True))[:EXTREMES]
        worst = told.order_by(F("value").desc(nulls_last=True))[:EXTREMES]
        return {
            _("Best"): [self._extreme(*one) for one in best],
            _("Worst"): [self._extreme(*one) for one in worst],
        }

    def _extreme(self, series_id: int, unique_id: str, value: float | None, model: str) -> Extreme:
        written = labels.measured(value, self.comparison.metric)
        to = reverse(
            "forecasting:judged-series-page", args=[self.comparison.backtest.pk, series_id]
        )
        return Extreme(to, unique_id, written, title_of(model))


def _quarter(key: str) -> str:
    named = {
        "q1": _("Quarter of series that sells least"),
        "q2": _("Second quarter"),
        "q3": _("Third quarter"),
        "q4": _("Quarter of series that sells most"),
    }
    return named.get(key, key)
