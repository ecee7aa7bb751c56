"""The list of forecast series: what is searched, sorted and paged there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Forecast, ForecastIssue
from forecastlab.forecasting.queries import labels, series_filters
from forecastlab.lib import downloads, lists
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import Dataset

PER_PAGE = 50
RECENT = 56
ACROSS = ("yhat", "lo80", "hi80", "lo95", "hi95")
SORTS: Mapping[str, str] = {
    "series": "series__unique_id",
    "champion": "model",
    "total": "total",
    "wape": "wape",
}
UNKNOWN = frozenset({"wape"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unheard-of words count as not asked."""

    dataset: str = ""
    search: str = ""
    sort: str = "-total"
    page: str = "1"


@dataclass(frozen=True, slots=True)
class Row:
    """One series; `recent` is what was sold in the last weeks, None where it is not known."""

    forecast: Forecast
    champion: str
    wape: float | None
    recent: Sequence[float | None]

    @property
    def unique_id(self) -> str:
        return str(self.forecast.series.unique_id)

    @property
    def total(self) -> str:
        return labels.quantity(self.forecast.total)

    @property
    def range80(self) -> str:
        return labels.span(self.forecast.total_low, self.forecast.total_high)


@dataclass(frozen=True, slots=True)
class SeriesList:
    wanted: Wanted
    issue: ForecastIssue | None
    datasets: Sequence[str]
    page: Page[int] | None
    rows: Sequence[Row]
    of_one_issue: bool = False

    @property
    def span(self) -> str:
        """Return how far ahead the forecasts go, such as "14 days"."""
        return labels.ahead(self.issue) if self.issue else ""

    @property
    def search(self) -> Mapping[str, str]:
        return series_filters.search(self.wanted.search)

    @property
    def hidden(self) -> lists.Pairs:
        return [("sort", self.wanted.sort)]

    @property
    def choices(self) -> Sequence[Mapping[str, object]]:
        """Whose forecasts are shown; a list of one issue leaves no choice."""
        if self.of_one_issue or self.issue is None:
            return []
        chosen = self.issue.version.dataset.name
        return [
            {**lists.choice("dataset", _("Dataset"), self.datasets, chosen=chosen), "always": True}
        ]

    @property
    def downloads(self) -> list[dict[str, str]]:
        return downloads.offered("forecasting:issue-download", self.issue.pk) if self.issue else []

    @property
    def columns(self) -> Sequence[Mapping[str, object]]:
        total = _("Next %(span)s") % {"span": self.span}
        return [
            {"label": _("Series"), "key": "series"},
            {"label": total, "key": "total", "numeric": True},
            {"label": _("80 % interval"), "key": "", "numeric": True, "wide": True},
            {"label": _("Lately"), "key": "", "wide": True},
            {"label": _("WAPE"), "key": "wape", "numeric": True},
            {"label": _("Champion"), "key": "champion", "wide": True},
        ]


def wanted(parameters: Mapping[str, str]) -> Wanted:
    sort = parameters.get("sort", "")
    return Wanted(
        dataset=parameters.get("dataset", ""),
        search=parameters.get("search", "").strip(),
        sort=sort if sort.removeprefix("-") in SORTS else "-total",
        page=parameters.get("page", "1"),
    )


def of(asked: Wanted, *, viewer: User, issue: ForecastIssue | None = None) -> SeriesList:
    """Return a page of the issue, else of the newest one of the wanted dataset."""
    found = issue or newest_issue(viewer, asked.dataset)
    datasets = with_forecasts(viewer)
    if found is None:
        return SeriesList(asked, None, datasets, None, [])
    forecasts = Forecast.objects.filter(issue=found)
    if asked.search:
        forecasts = forecasts.filter(series__unique_id__icontains=asked.search)
    page = lists.page_of(
        series_filters.ranked(
            forecasts, asked.sort, SORTS, unknown=UNKNOWN, dataset=found.version.dataset_id
        ),
        number=asked.page,
        per_page=PER_PAGE,
        known=None if asked.search else found.series_count,
    )
    shown = Forecast.objects.select_related("series").defer(*ACROSS).in_bulk(list(page.object_list))
    listed = [shown[one] for one in page]
    recent = _recent(found, [one.series_id for one in listed])
    rows = [
        Row(one, title_of(one.model), labels.share(one.wape), recent[one.series_id])
        for one in listed
    ]
    return SeriesList(asked, found, datasets, page, rows, of_one_issue=issue is not None)


def _recent(issue: ForecastIssue, series_ids: list[int]) -> dict[int, list[float | None]]:
    facts = warehouse.facts(issue.version, ("quantity",), series_ids)
    first = issue.origin + 1 - RECENT
    found: dict[int, list[float | None]] = {one: [None] * RECENT for one in series_ids}
    lately = facts["t"].is_between(first, issue.origin)  # planned rows follow the last sale
    for series_id, t, quantity in facts.filter(lately).iter_rows():
        found[series_id][t - first] = quantity
    return found


def newest_issue(viewer: User, dataset: str = "") -> ForecastIssue | None:
    """Return the newest issue that the viewer may see, of one dataset if it is named."""
    issues = ForecastIssue.objects.serving().visible_to(viewer)
    if dataset:
        issues = issues.filter(version__dataset__name=dataset)
    found: ForecastIssue | None = issues.select_related("version__dataset").newest().first()
    return found


def with_forecasts(viewer: User) -> list[str]:
    """Return the names of the visible datasets that have forecasts."""
    visible = Dataset.objects.visible_to(viewer).filter(versions__issues__isnull=False)
    return list(visible.order_by("name").values_list("name", flat=True).distinct())
